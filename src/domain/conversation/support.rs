//! What only support conversations have: who takes care of them, how far they are, and who said
//! what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Event;
use crate::{ContactId, ContactLinkId, InboxId, MessageId, Private, TeamId, Text, UserId};

/// How far a support conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody has to do something.
    Open,
    /// Done.
    Resolved,
    /// Not yet for an agent.
    Pending,
    /// Rests until a time, or until the contact writes.
    Snoozed,
}

impl Status {
    /// Whether it is done, or set aside until something happens.
    pub fn rests(self) -> bool {
        matches!(self, Self::Resolved | Self::Snoozed)
    }

    /// All of them.
    pub const ALL: &[Self] = &[Self::Open, Self::Resolved, Self::Pending, Self::Snoozed];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Pending => "pending",
            Self::Snoozed => "snoozed",
        }
    }
}

/// How urgent a support conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    Medium,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// All of them, the least urgent first.
    pub const ALL: &[Self] = &[Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the contact.
    Incoming,
    /// To the contact, or among agents.
    Outgoing,
}

/// What sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// The contact of the conversation.
    Contact,
    /// An agent or an administrator.
    Person,
    /// A program that speaks for itself.
    Bot,
    /// The host system.
    Service,
}

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum ContentType {
    Text,
    InputText,
    InputTextarea,
    InputEmail,
    InputSelect,
    Cards,
    Form,
    Article,
    IncomingEmail,
    InputCsat,
    Integrations,
    Sticker,
}

impl ContentType {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Text,
        Self::InputText,
        Self::InputTextarea,
        Self::InputEmail,
        Self::InputSelect,
        Self::Cards,
        Self::Form,
        Self::Article,
        Self::IncomingEmail,
        Self::InputCsat,
        Self::Integrations,
        Self::Sticker,
    ];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::InputText => "input_text",
            Self::InputTextarea => "input_textarea",
            Self::InputEmail => "input_email",
            Self::InputSelect => "input_select",
            Self::Cards => "cards",
            Self::Form => "form",
            Self::Article => "article",
            Self::IncomingEmail => "incoming_email",
            Self::InputCsat => "input_csat",
            Self::Integrations => "integrations",
            Self::Sticker => "sticker",
        }
    }
}

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
    /// Resolves what is open, and opens what is not.
    ToggleStatus {
        /// The agent who asks: if it is open by that, they take care of it.
        agent: Option<UserId>,
    },
    /// Lets it rest until a time, or with none until the contact writes.
    Snooze {
        /// The end.
        until: Option<DateTime<Utc>>,
    },
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
        /// None takes it away from whoever has it.
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

/// A support conversation, as far as its rules need to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Support {
    pub(super) link: ContactLinkId,
    pub(super) status: Status,
    /// When snoozed: the end, none for until the contact writes.
    pub(super) snoozed_until: Option<DateTime<Utc>>,
    pub(super) priority: Option<Priority>,
    pub(super) assignee: Option<UserId>,
    pub(super) team: Option<TeamId>,
    pub(super) labels: Private<Vec<String>>,
    pub(super) custom_attributes: Private<Map<String, Value>>,
}

impl Support {
    pub(super) fn new(
        opening: &Opening,
        custom_attributes: Option<Private<Map<String, Value>>>,
    ) -> Self {
        Self {
            link: opening.link,
            status: opening.status,
            snoozed_until: opening.snoozed_until,
            priority: opening.priority,
            assignee: opening.assignee,
            team: opening.team,
            labels: Private::default(),
            custom_attributes: custom_attributes.unwrap_or_default(),
        }
    }

    /// Makes it the state after an event.
    pub(super) fn evolve(&mut self, event: &Event) {
        match event {
            Event::StatusChanged { status } => {
                (self.status, self.snoozed_until) = (*status, None);
            }
            Event::ConversationSnoozed { until } => {
                (self.status, self.snoozed_until) = (Status::Snoozed, *until);
            }
            Event::PriorityChanged { priority } => self.priority = *priority,
            Event::AgentAssigned { agent } => self.assignee = *agent,
            Event::TeamAssigned { team } => self.team = *team,
            Event::LabelsReplaced { labels } => self.labels.clone_from(labels),
            Event::CustomAttributesReplaced { custom_attributes } => {
                self.custom_attributes.clone_from(custom_attributes);
            }
            _ => {}
        }
    }
}
