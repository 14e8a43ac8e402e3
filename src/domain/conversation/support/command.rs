use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Opening, Priority, Remark, Status};
use crate::{MessageId, TeamId, Text, UserId};

/// The details of a new support conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSupport {
    /// The user who creates it; `None` when the host system does.
    pub creator: Option<UserId>,
    /// Inbox, contact and initial state.
    pub opening: Opening,
    /// The contact's source id in the inbox.
    pub source_id: Text,
    /// Attributes that the channel provides.
    pub additional_attributes: Map<String, Value>,
    /// The host system's own attributes.
    pub custom_attributes: Map<String, Value>,
}

/// A message to be posted in a support conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct SupportMessage {
    /// The message's id.
    pub message: MessageId,
    /// The author, if it is a user.
    pub author: Option<UserId>,
    /// May be blank only if the content type is not text.
    pub text: Text,
    /// Direction, sender and type of content.
    pub remark: Remark,
    /// The structured content of a message that is more than text.
    pub content_attributes: Map<String, Value>,
    /// The channel's own id of the message.
    pub source_id: Option<Text>,
    /// Whether the agents have muted the conversation, so that an incoming message does not reopen
    /// it. The mute is in another stream; `None` if the caller has not read it.
    pub muted: Option<bool>,
}

/// Commands that only a support conversation accepts.
#[derive(Debug, Clone, PartialEq)]
pub enum SupportCommand {
    /// Changes the status.
    ChangeStatus {
        /// The new status; snoozed means without an end.
        status: Status,
        /// The acting agent, who becomes the assignee if this opens the conversation.
        agent: Option<UserId>,
    },
    /// Resolves an open conversation, and opens any other.
    ToggleStatus {
        /// The acting agent, who becomes the assignee if this opens the conversation.
        agent: Option<UserId>,
    },
    /// Snoozes the conversation until a time; `None`: until the contact writes.
    Snooze { until: Option<DateTime<Utc>> },
    /// Opens the conversation because its snooze has ended. Changes nothing if it was snoozed until
    /// another time since.
    EndSnooze {
        /// The end of the snooze that was reached.
        until: DateTime<Utc>,
    },
    /// Sets the priority.
    SetPriority {
        /// `None` removes the priority.
        priority: Option<Priority>,
    },
    /// Assigns the conversation to an agent.
    AssignAgent {
        /// `None` unassigns it.
        agent: Option<UserId>,
    },
    /// Assigns the conversation to a team.
    AssignTeam {
        /// `None` unassigns the team.
        team: Option<TeamId>,
        /// The team's members: an assignee who is not among them is unassigned. `None` keeps the
        /// assignee.
        members: Option<Vec<UserId>>,
    },
    /// Replaces the whole set of labels.
    ReplaceLabels {
        /// In display order.
        labels: Vec<String>,
    },
    /// Replaces the custom attributes.
    ReplaceCustomAttributes {
        /// The complete set.
        attributes: Map<String, Value>,
    },
    /// Merges custom attributes into the existing ones, replacing those of the same name.
    MergeCustomAttributes {
        /// The new ones.
        attributes: Map<String, Value>,
    },
    /// Posts a message.
    PostMessage(Box<SupportMessage>),
}

impl SupportCommand {
    /// The command's name, for the metadata of its events. Variants of one command share a name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChangeStatus { .. } | Self::ToggleStatus { .. } => "ChangeStatus",
            Self::Snooze { .. } => "Snooze",
            Self::EndSnooze { .. } => "EndSnooze",
            Self::SetPriority { .. } => "SetPriority",
            Self::AssignAgent { .. } => "AssignAgent",
            Self::AssignTeam { .. } => "AssignTeam",
            Self::ReplaceLabels { .. } => "ReplaceLabels",
            Self::ReplaceCustomAttributes { .. } | Self::MergeCustomAttributes { .. } => {
                "ReplaceCustomAttributes"
            }
            Self::PostMessage(_) => "PostMessage",
        }
    }
}
