use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{MessageId, Private, StoredEvent, Text, UserId};

/// What kind of conversation it is, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Two fixed members; one for each pair.
    Private,
    /// Any members.
    Room,
    /// Hangs on a thing of the host system, by its uid.
    Contextual,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Private, Self::Room, Self::Contextual];

    /// The name that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Room => "room",
            Self::Contextual => "contextual",
        }
    }

    /// Whether its members are for good those that it was made with.
    pub fn has_fixed_members(self) -> bool {
        match self {
            Self::Private => true,
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
        /// Private, room or contextual.
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
    /// Somebody came in.
    MemberAdded {
        /// Who.
        user: UserId,
    },
    /// Somebody left or was taken out.
    MemberRemoved {
        /// Who.
        user: UserId,
    },
    /// Somebody said something.
    MessagePosted {
        /// The message's own id.
        message: MessageId,
        /// Who.
        author: UserId,
        /// What.
        text: Text,
        /// The host system's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        metadata: Option<Private<Map<String, Value>>>,
        /// In the order to be shown.
        #[serde(default, skip_serializing_if = "Private::is_empty")]
        tags: Private<Vec<String>>,
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
        }
    }
}
