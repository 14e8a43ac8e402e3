//! What only support conversations have: inbox, contact and assignee, a status, and messages with a
//! direction and a sender.

mod command;
mod state;
mod values;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ContactId, ContactLinkId, InboxId, TeamId, UserId};

pub use command::{CreateSupport, SupportCommand, SupportMessage};
pub use state::Support;
pub use values::{ContentType, Direction, Priority, Sender, Status};

/// Inbox, contact and initial state of a support conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Opening {
    /// The inbox through which it comes.
    pub inbox: InboxId,
    /// The contact.
    pub contact: ContactId,
    /// The link of the contact to the inbox.
    pub link: ContactLinkId,
    /// The initial status.
    pub status: Status,
    /// If snoozed: the end of the snooze; absent: until the contact writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// The initial priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The agent to whom it is assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// The team to which it is assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// The details of a message in a support conversation, besides its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Remark {
    /// The direction of the message.
    pub direction: Direction,
    /// The kind of sender.
    pub sender: Sender,
    /// The contact who sent it, if a contact did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Whether it is a note among agents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// The type of the content.
    pub content_type: ContentType,
    /// The client's own id of the message, by which it recognises the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo_id: Option<String>,
}
