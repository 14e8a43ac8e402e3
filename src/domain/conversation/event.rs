use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::support::{Opening, Priority, Remark, Status};
use crate::named::named;
use crate::{MessageId, Private, StoredEvent, TeamId, Text, UserId};

named! {
    /// The kind of a conversation, which never changes.
    pub enum Kind {
        /// Two fixed members; one chat per pair.
        Private = "private",
        /// Any members, who may change.
        Room = "room",
        /// Belongs to an object of the host system, by its uid.
        Contextual = "contextual",
        /// Between a contact and the agents of an inbox; has no members.
        Support = "support",
    }
}

impl Kind {
    /// Whether the members never change after creation.
    pub fn has_fixed_members(self) -> bool {
        match self {
            Self::Private | Self::Support => true,
            Self::Room | Self::Contextual => false,
        }
    }
}

/// Events of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// The conversation was created, with its first members.
    ConversationCreated {
        /// Private, room, contextual or support.
        kind: Kind,
        /// The user who created it; absent when the host system did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        creator: Option<UserId>,
        /// All members.
        members: Vec<UserId>,
        /// The host system's identifier of a contextual chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uid: Option<String>,
        /// The name, if it was given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text>,
        /// The description, if it was given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
        /// The host system's own data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In display order.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
        /// The details of a support conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        support: Option<Opening>,
        /// Of a support conversation: the contact's source id in the inbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<Text>,
        /// Of a support conversation: attributes that the channel provides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        additional_attributes: Option<Private<Map<String, Value>>>,
        /// Of a support conversation: the host system's own attributes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_attributes: Option<Private<Map<String, Value>>>,
    },
    /// The name was changed or removed.
    ConversationRenamed {
        /// The new name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Text>,
    },
    /// The description was changed or removed.
    ConversationDescribed {
        /// The new description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
    },
    /// The picture was changed or removed.
    AvatarChanged {
        /// The URL of the new picture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar_url: Option<Text>,
    },
    /// The tags were replaced.
    ConversationTagged {
        /// All tags, in display order.
        tags: Private<Vec<String>>,
    },
    /// The host system's own data was replaced or removed.
    MetadataChanged {
        /// The complete data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
    },
    /// A user became a member.
    MemberAdded {
        /// The new member.
        user: UserId,
    },
    /// A member left or was removed.
    MemberRemoved {
        /// The former member.
        user: UserId,
    },
    /// A message was posted.
    MessagePosted {
        /// The message's id.
        message: MessageId,
        /// The author; absent when it is no user, which happens only in support conversations.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<UserId>,
        /// The message's text.
        text: Text,
        /// The host system's own data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In display order.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
        /// The details of a message in a support conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        support: Option<Remark>,
        /// The structured content of a message that is more than text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_attributes: Option<Private<Map<String, Value>>>,
        /// The channel's own id of the message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_id: Option<Text>,
    },
    /// A message was edited.
    MessageEdited {
        /// The message's id.
        message: MessageId,
        /// The author, who edited it.
        author: UserId,
        /// The new text.
        text: Text,
        /// The host system's own data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In display order.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
    },
    /// A message was deleted for good.
    MessageDeleted {
        /// The message's id.
        message: MessageId,
    },
    /// A message was pinned for everyone, replacing the one pinned before.
    MessagePinned {
        /// The message's id.
        message: MessageId,
    },
    /// The pinned message was unpinned.
    MessageUnpinned,
    /// The conversation was moved to the trash.
    ConversationTrashed,
    /// The conversation was restored from the trash.
    ConversationRestored,
    /// The conversation was deleted for good, with all its messages.
    ConversationDeleted,
    /// A support conversation became open, resolved or pending.
    StatusChanged {
        /// The new status, never `snoozed`.
        status: Status,
    },
    /// A support conversation was snoozed until a time, or until the contact writes.
    ConversationSnoozed {
        /// The end of the snooze; absent: until the contact writes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// The priority of a support conversation was changed or removed.
    PriorityChanged {
        /// The new priority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
    },
    /// A support conversation was assigned to another agent, or unassigned.
    AgentAssigned {
        /// The new assignee.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<UserId>,
    },
    /// A support conversation was assigned to another team, or to none.
    TeamAssigned {
        /// The new team.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<TeamId>,
    },
    /// The labels of a support conversation were replaced.
    LabelsReplaced {
        /// All labels, in lower case, in display order.
        labels: Private<Vec<String>>,
    },
    /// The custom attributes of a support conversation were replaced.
    CustomAttributesReplaced {
        /// The complete set.
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
