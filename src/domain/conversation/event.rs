use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::support::{Opening, Priority, Remark, Status};
use crate::named::named;
use crate::{MessageId, Private, StoredEvent, TeamId, Text, UserId};

named! {
    /// What kind of conversation it is, for good.
    pub enum Kind {
        /// Two fixed members; one for each pair.
        Private = "private",
        /// Any members.
        Room = "room",
        /// Hangs on a thing of the host system, by its uid.
        Contextual = "contextual",
        /// Between a contact and the agents of an inbox; has no members.
        Support = "support",
    }
}

impl Kind {
    /// Whether its members are for good those that it was made with.
    pub fn has_fixed_members(self) -> bool {
        match self {
            Self::Private | Self::Support => true,
            Self::Room | Self::Contextual => false,
        }
    }
}

/// What happened to a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It was made, with its first members.
    ConversationCreated {
        /// Private, room, contextual or support.
        kind: Kind,
        /// Who made it; none when the host system did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        creator: Option<UserId>,
        /// Everyone in it.
        members: Vec<UserId>,
        /// The host system's name of a contextual chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uid: Option<String>,
        /// Its name, when it was given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text>,
        /// Its description, when it was given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
        /// The host system's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In the order to be shown.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
        /// What only a support conversation has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        support: Option<Opening>,
        /// Who the contact is in the inbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<Text>,
        /// What the channel says of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        additional_attributes: Option<Private<Map<String, Value>>>,
        /// The host system's own, of a support conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_attributes: Option<Private<Map<String, Value>>>,
    },
    /// It has another name, or none.
    ConversationRenamed {
        /// The new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text>,
    },
    /// It has another description, or none.
    ConversationDescribed {
        /// The new description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
    },
    /// It has another picture, or none.
    AvatarChanged {
        /// Where the new picture is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar_url: Option<Text>,
    },
    /// It has another set of tags.
    ConversationTagged {
        /// All of them.
        tags: Private<Vec<String>>,
    },
    /// The host system has other data of its own with it, or none.
    MetadataChanged {
        /// All of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
    },
    /// A user became a member.
    MemberAdded {
        /// Who.
        user: UserId,
    },
    /// A member left or was taken out.
    MemberRemoved {
        /// Who.
        user: UserId,
    },
    /// A message was posted.
    MessagePosted {
        /// The message's own id.
        message: MessageId,
        /// Who; none when no user did, which only a support conversation knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<UserId>,
        /// What.
        text: Text,
        /// The host system's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In the order to be shown.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
        /// What only a message in a support conversation has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        support: Option<Remark>,
        /// What comes with a message that is more than text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_attributes: Option<Private<Map<String, Value>>>,
        /// The channel's own name of the message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<Text>,
    },
    /// A message was edited.
    MessageEdited {
        /// The message's own id.
        message: MessageId,
        /// Who.
        author: UserId,
        /// What it says now.
        text: Text,
        /// The host system's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In the order to be shown.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
    },
    /// A message is gone for good.
    MessageDeleted {
        /// The message's own id.
        message: MessageId,
    },
    /// A message is pinned for everyone, instead of any before it.
    MessagePinned {
        /// The message's own id.
        message: MessageId,
    },
    /// No message is pinned any more.
    MessageUnpinned,
    /// It is in the trash.
    ConversationTrashed,
    /// It is out of the trash.
    ConversationRestored,
    /// It is gone for good, with everything that was said in it.
    ConversationDeleted,
    /// A support conversation is open, resolved or pending now.
    StatusChanged {
        /// Not snoozed.
        status: Status,
    },
    /// A support conversation rests until a time, or until the contact writes.
    ConversationSnoozed {
        /// The end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// A support conversation has another priority, or none.
    PriorityChanged {
        /// The new priority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
    },
    /// Another agent, or none, takes care of a support conversation.
    AgentAssigned {
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<UserId>,
    },
    /// Another team, or none, takes care of a support conversation.
    TeamAssigned {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<TeamId>,
    },
    /// A support conversation has another set of labels.
    LabelsReplaced {
        /// All of them, in lower case, in the order to be shown.
        labels: Private<Vec<String>>,
    },
    /// A support conversation has other custom attributes.
    CustomAttributesReplaced {
        /// All of them.
        custom_attributes: Private<Map<String, Value>>,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::ConversationCreated { .. } => "ConversationCreated",
            Self::ConversationRenamed { .. } => "ConversationRenamed",
            Self::ConversationDescribed { .. } => "ConversationDescribed",
            Self::AvatarChanged { .. } => "AvatarChanged",
            Self::ConversationTagged { .. } => "ConversationTagged",
            Self::MetadataChanged { .. } => "MetadataChanged",
            Self::MemberAdded { .. } => "MemberAdded",
            Self::MemberRemoved { .. } => "MemberRemoved",
            Self::MessagePosted { .. } => "MessagePosted",
            Self::MessageEdited { .. } => "MessageEdited",
            Self::MessageDeleted { .. } => "MessageDeleted",
            Self::MessagePinned { .. } => "MessagePinned",
            Self::MessageUnpinned => "MessageUnpinned",
            Self::ConversationTrashed => "ConversationTrashed",
            Self::ConversationRestored => "ConversationRestored",
            Self::ConversationDeleted => "ConversationDeleted",
            Self::StatusChanged { .. } => "StatusChanged",
            Self::ConversationSnoozed { .. } => "ConversationSnoozed",
            Self::PriorityChanged { .. } => "PriorityChanged",
            Self::AgentAssigned { .. } => "AgentAssigned",
            Self::TeamAssigned { .. } => "TeamAssigned",
            Self::LabelsReplaced { .. } => "LabelsReplaced",
            Self::CustomAttributesReplaced { .. } => "CustomAttributesReplaced",
        }
    }
}
