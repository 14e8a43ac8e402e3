use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::partial::partial;
use crate::{StoredEvent, Text, UserId};

named! {
    /// The channel through which an inbox is reached.
    pub enum Channel {
        /// The host system posts for the contact.
        Api = "api",
        /// A widget on a page of the host system.
        WebWidget = "web_widget",
        /// An e-mail address.
        Email = "email",
    }
}

/// The settings of an inbox. In an update, an absent field did not change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// The URL of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website_url: Option<Text>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// Whether a contact has a single conversation in this inbox, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_to_single_conversation: Option<bool>,
    /// Stored as clients set it, without effect.
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

/// Events of an inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// The inbox was created.
    InboxCreated {
        /// The channel, which never changes.
        channel: Channel,
        /// The initial settings.
        #[serde(flatten)]
        settings: Settings,
    },
    /// Settings of the inbox changed.
    InboxUpdated {
        /// Only the fields that changed.
        #[serde(flatten)]
        settings: Settings,
    },
    /// The agents who see the inbox changed.
    InboxMembersSet {
        /// All agents who see it now.
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
