use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::partial::partial;
use crate::{Private, StoredEvent, Text};

/// What is known of a user. In an update, a field that is none did not change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// A handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Text>,
    /// An e-mail address, not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// Where a picture is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<Text>,
    /// The role of the newest token that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The host system's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Private<Map<String, Value>>>,
    /// In the order to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Private<Vec<String>>>,
}

partial!(Profile {
    name: differing,
    username: differing,
    email: differing,
    avatar_url: differing,
    role: differing,
    metadata: differing,
    tags: differing,
});

/// What happened to a user's entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It was made.
    UserRegistered {
        /// The host system's name of the user.
        uid: String,
        /// What was known from the start.
        #[serde(flatten)]
        profile: Profile,
        /// When the token was issued that this was taken from; none when it was not, or does not
        /// say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_issued_at: Option<DateTime<Utc>>,
    },
    /// It changed.
    UserUpdated {
        /// Only what changed.
        #[serde(flatten)]
        profile: Profile,
        /// When the token was issued that this was taken from; none when it was not, or does not
        /// say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_issued_at: Option<DateTime<Utc>>,
    },
    /// No access token of theirs that was issued until then is taken any more.
    TokensRevoked {
        /// The latest time of issue of those that are taken back.
        issued_until: DateTime<Utc>,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::UserRegistered { .. } => "UserRegistered",
            Self::UserUpdated { .. } => "UserUpdated",
            Self::TokensRevoked { .. } => "TokensRevoked",
        }
    }
}
