use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::partial::partial;
use crate::{StoredEvent, Text, UserId};

named! {
    /// Through what an inbox is reached.
    pub enum Channel {
        /// The host system posts for the contact.
        Api = "api",
        /// A page of the host system.
        WebWidget = "web_widget",
        /// An e-mail address.
        Email = "email",
    }
}

/// What an inbox is like. In an update, a field that is none did not change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Where the page is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website_url: Option<Text>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// A contact has one conversation for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_to_single_conversation: Option<bool>,
    /// As clients set it; nothing follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_auto_assignment: Option<bool>,
}

partial!(Settings {
    name: differing,
    website_url: differing,
    email: differing,
    lock_to_single_conversation: differing,
    enable_auto_assignment: differing,
});

/// What happened to an inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It was made.
    InboxCreated {
        /// Through what it is reached.
        channel: Channel,
        /// What it is like from the start.
        #[serde(flatten)]
        settings: Settings,
    },
    /// It changed.
    InboxUpdated {
        /// Only what changed.
        #[serde(flatten)]
        settings: Settings,
    },
    /// Other agents see what comes through it.
    InboxMembersSet {
        /// All of them.
        members: Vec<UserId>,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::InboxCreated { .. } => "InboxCreated",
            Self::InboxUpdated { .. } => "InboxUpdated",
            Self::InboxMembersSet { .. } => "InboxMembersSet",
        }
    }
}
