use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::partial::partial;
use crate::{Private, StoredEvent, Text};

/// The details of a user. In an update, an absent field did not change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// A handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Text>,
    /// An e-mail address, not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// The URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<Text>,
    /// The role in the newest token that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The host system's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Private<Map<String, Value>>>,
    /// In display order.
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

/// Events of a user's entry in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// The entry was created.
    UserRegistered {
        /// The host system's id of the user.
        uid: String,
        /// The initial details.
        #[serde(flatten)]
        profile: Profile,
        /// When the token was issued that the details come from; absent if they come from no token,
        /// or the token does not say so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_issued_at: Option<DateTime<Utc>>,
    },
    /// Details of the user changed.
    UserUpdated {
        /// Only the fields that changed.
        #[serde(flatten)]
        profile: Profile,
        /// When the token was issued that the details come from; absent if they come from no token,
        /// or the token does not say so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_issued_at: Option<DateTime<Utc>>,
    },
    /// Access tokens of the user that were issued until a time were revoked.
    TokensRevoked {
        /// Tokens issued at this time or before are revoked.
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
