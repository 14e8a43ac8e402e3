use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Opening, Priority, Remark, Status};
use crate::{MessageId, TeamId, Text, UserId};

/// What a support conversation is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSupport {
    /// Who makes it; none when the host system does.
    pub creator: Option<UserId>,
    /// What it is from the start.
    pub opening: Opening,
    /// Who the contact is in the inbox.
    pub source_id: Text,
    /// What the channel says of it.
    pub additional_attributes: Map<String, Value>,
    /// The host system's own.
    pub custom_attributes: Map<String, Value>,
}

/// Something that is said in a support conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct SupportMessage {
    /// The message's own id.
    pub message: MessageId,
    /// The user who writes it, if one does.
    pub author: Option<UserId>,
    /// Blank only if it holds something else than text.
    pub text: Text,
    /// What it is beside its text.
    pub remark: Remark,
    /// What comes with a message that is more than text.
    pub content_attributes: Map<String, Value>,
    /// The channel's own name of it.
    pub source_id: Option<Text>,
    /// Whether the agents have muted the conversation: what comes in does not open it again then.
    /// It is in another stream; none where that has not been looked at.
    pub muted: Option<bool>,
}

/// What may be asked of a support conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum SupportCommand {
    /// Opens, resolves or sets aside.
    ChangeStatus {
        /// How far it is; snoozed means without an end.
        status: Status,
        /// The agent who asks: if it is open by that, they take care of it.
        agent: Option<UserId>,
    },
    /// Resolves an open conversation, and opens any other.
    ToggleStatus {
        /// The agent who asks: if it is open by that, they take care of it.
        agent: Option<UserId>,
    },
    /// Lets it rest until a time, or with none until the contact writes.
    Snooze { until: Option<DateTime<Utc>> },
    /// A snooze with an end has come to it. Another snooze since goes on.
    EndSnooze {
        /// The end that was reached.
        until: DateTime<Utc>,
    },
    /// Says how urgent it is.
    SetPriority {
        /// None takes the priority away.
        priority: Option<Priority>,
    },
    /// Gives it to an agent.
    AssignAgent {
        /// `None` unassigns it.
        agent: Option<UserId>,
    },
    /// Gives it to a team.
    AssignTeam {
        /// None takes it away from the team that has it.
        team: Option<TeamId>,
        /// The team's members: an assignee who is none of them is unassigned. None leaves the
        /// assignee.
        members: Option<Vec<UserId>>,
    },
    /// Replaces the whole set of labels.
    ReplaceLabels {
        /// In the order to be shown.
        labels: Vec<String>,
    },
    /// Replaces the custom attributes.
    ReplaceCustomAttributes {
        /// All of them.
        attributes: Map<String, Value>,
    },
    /// Adds custom attributes to those that there are, instead of any of the same name.
    MergeCustomAttributes {
        /// The new ones.
        attributes: Map<String, Value>,
    },
    /// Says something.
    PostMessage(Box<SupportMessage>),
}

impl SupportCommand {
    /// The command's name, for the metadata of its events: one for all ways to ask for the same.
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
