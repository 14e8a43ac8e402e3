use serde_json::{Map, Value};

use super::Kind;
use super::support::{CreateSupport, SupportCommand};
use crate::{MessageId, Text, UserId};

/// Commands on a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Creates the conversation. An existing private or contextual chat is left as it is, but
    /// restored from the trash.
    CreateConversation(Create),
    /// Creates a support conversation. An existing one of the same link is left as it is.
    CreateSupport(Box<CreateSupport>),
    /// Commands that only a support conversation accepts.
    Support(SupportCommand),
    /// Creates the conversation; refused if it exists, in the trash or not.
    CreateNewConversation(Create),
    /// Sets the name; `None` restores the derived one.
    RenameConversation {
        /// Blank counts as none.
        name: Option<Text>,
    },
    /// Sets or removes the description.
    DescribeConversation {
        /// Blank counts as none.
        description: Option<Text>,
    },
    /// Replaces the whole set of tags.
    TagConversation {
        /// In display order.
        tags: Vec<String>,
    },
    /// Replaces or removes the host system's own data.
    ChangeMetadata {
        /// The complete data.
        metadata: Option<Map<String, Value>>,
    },
    /// Sets or removes the picture.
    ChangeAvatar {
        /// The URL of the picture; blank counts as none.
        avatar_url: Option<Text>,
    },
    /// Pins a message for everyone, replacing the one pinned before.
    PinMessage {
        /// A message of this conversation; the caller has checked that it is.
        message: MessageId,
    },
    /// Unpins the pinned message.
    UnpinMessage,
    /// Moves the conversation to the trash: hidden from everyone until restored.
    TrashConversation,
    /// Restores the conversation from the trash.
    RestoreConversation,
    /// Adds a user as a member.
    AddMember { user: UserId },
    /// Removes a member, or lets them leave.
    RemoveMember { user: UserId },
    /// Deletes the conversation for good, with all its messages.
    DeleteConversation,
    /// Edits a message.
    EditMessage {
        /// A message of this conversation; the caller has checked that it is.
        message: MessageId,
        /// The message's author, who edits it.
        author: UserId,
        /// Not blank.
        text: Text,
        /// The host system's own data.
        metadata: Option<Map<String, Value>>,
        /// In display order.
        tags: Vec<String>,
    },
    /// Deletes a message for good.
    DeleteMessage {
        /// A message of this conversation; the caller has checked that it is.
        message: MessageId,
    },
    /// Posts a message.
    PostMessage {
        /// The message's id.
        message: MessageId,
        author: UserId,
        /// Not blank.
        text: Text,
        /// The host system's own data.
        metadata: Option<Map<String, Value>>,
        /// In display order.
        tags: Vec<String>,
    },
}

impl Command {
    /// The command's name, for the metadata of its events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateConversation(_)
            | Self::CreateNewConversation(_)
            | Self::CreateSupport(_) => "CreateConversation",
            Self::Support(command) => command.name(),
            Self::RenameConversation { .. } => "RenameConversation",
            Self::DescribeConversation { .. } => "DescribeConversation",
            Self::TagConversation { .. } => "TagConversation",
            Self::ChangeMetadata { .. } => "ChangeMetadata",
            Self::ChangeAvatar { .. } => "ChangeAvatar",
            Self::PinMessage { .. } => "PinMessage",
            Self::UnpinMessage => "UnpinMessage",
            Self::TrashConversation => "TrashConversation",
            Self::RestoreConversation => "RestoreConversation",
            Self::AddMember { .. } => "AddMember",
            Self::RemoveMember { .. } => "RemoveMember",
            Self::DeleteConversation => "DeleteConversation",
            Self::EditMessage { .. } => "EditMessage",
            Self::DeleteMessage { .. } => "DeleteMessage",
            Self::PostMessage { .. } => "PostMessage",
        }
    }
}

/// The details of a new conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// Private, room or contextual.
    pub kind: Kind,
    /// The user who creates it; `None` when the host system does.
    pub creator: Option<UserId>,
    /// The members; the creator is added to them.
    pub members: Vec<UserId>,
    /// The host system's identifier of a contextual chat.
    pub uid: Option<String>,
    /// Blank counts as none.
    pub name: Option<Text>,
    /// Blank counts as none.
    pub description: Option<Text>,
    /// The host system's own data.
    pub metadata: Option<Map<String, Value>>,
    /// In display order.
    pub tags: Vec<String>,
}

impl Create {
    /// The private chat that `creator` starts with `other`.
    pub fn private(creator: UserId, other: UserId) -> Self {
        Self::of_kind(Kind::Private, Some(creator), vec![other])
    }

    /// The contextual chat that the host system calls `uid`, with its first member, if it has one.
    pub fn contextual(uid: String, creator: Option<UserId>) -> Self {
        Self { uid: Some(uid), ..Self::of_kind(Kind::Contextual, creator, vec![]) }
    }

    /// A room of `creator` with these members.
    pub fn room(creator: UserId, members: Vec<UserId>) -> Self {
        Self::of_kind(Kind::Room, Some(creator), members)
    }

    fn of_kind(kind: Kind, creator: Option<UserId>, members: Vec<UserId>) -> Self {
        Self {
            kind,
            creator,
            members,
            uid: None,
            name: None,
            description: None,
            metadata: None,
            tags: vec![],
        }
    }
}
