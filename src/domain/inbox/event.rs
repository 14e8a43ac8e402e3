use serde::{Deserialize, Serialize};

use crate::partial::{differing, take};
use crate::{StoredEvent, Text, UserId};

/// Through what an inbox is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The host system posts for the contact.
    Api,
    /// A page of the host system.
    WebWidget,
    /// An e-mail address.
    Email,
}

impl Channel {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Api, Self::WebWidget, Self::Email];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::WebWidget => "web_widget",
            Self::Email => "email",
        }
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

impl Settings {
    /// Only what `newer` says and `self` does not have so.
    pub(super) fn difference(&self, newer: Self) -> Self {
        Self {
            name: differing(&self.name, newer.name),
            website_url: differing(&self.website_url, newer.website_url),
            email: differing(&self.email, newer.email),
            lock_to_single_conversation: differing(
                &self.lock_to_single_conversation,
                newer.lock_to_single_conversation,
            ),
            enable_auto_assignment: differing(
                &self.enable_auto_assignment,
                newer.enable_auto_assignment,
            ),
        }
    }

    /// Takes over what `newer` says.
    pub fn merge(&mut self, newer: &Self) {
        take(&mut self.name, &newer.name);
        take(&mut self.website_url, &newer.website_url);
        take(&mut self.email, &newer.email);
        take(&mut self.lock_to_single_conversation, &newer.lock_to_single_conversation);
        take(&mut self.enable_auto_assignment, &newer.enable_auto_assignment);
    }
}

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
