//! What only support conversations have: who takes care of them, how far they are, and who said
//! what.

mod command;
mod state;
mod values;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ContactId, ContactLinkId, InboxId, TeamId, UserId};

pub use command::{CreateSupport, SupportCommand, SupportMessage};
pub use state::Support;
pub use values::{ContentType, Direction, Priority, Sender, Status};

/// What a support conversation is from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Opening {
    /// Through which inbox it comes.
    pub inbox: InboxId,
    /// With whom.
    pub contact: ContactId,
    /// Who the contact is in the inbox.
    pub link: ContactLinkId,
    /// How far it is.
    pub status: Status,
    /// When snoozed: the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// How urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Which agent takes care of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Which team takes care of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// What a message in a support conversation is beside its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remark {
    /// Which way it goes.
    pub direction: Direction,
    /// What sends it.
    pub sender: Sender,
    /// Of the contact who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// A note among agents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// What it holds.
    pub content_type: ContentType,
    /// The client's own name of it, by which it knows the answer again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_id: Option<String>,
}
