use serde_json::{Map, Value};

use super::Kind;
use super::support::{CreateSupport, SupportCommand};
use crate::{MessageId, Text, UserId};

/// What may be asked of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it. A private or contextual chat that exists is left as it is, but taken out of the
    /// trash.
    CreateConversation(Create),
    /// Makes a support conversation. One of the same link that exists is left as it is.
    CreateSupport(Box<CreateSupport>),
    /// What only a support conversation can be asked.
    Support(SupportCommand),
    /// Makes it, and is refused where there is one, in the trash or not.
    CreateNewConversation(Create),
    /// Gives it a name, or with none goes back to the derived one.
    RenameConversation {
        /// Not blank.
        name: Option<Text>,
    },
    /// Gives it a description, or takes it away.
    DescribeConversation {
        /// Not blank.
        description: Option<Text>,
    },
    /// Replaces the whole set of tags.
    TagConversation {
        /// In the order to be shown.
        tags: Vec<String>,
    },
    /// Replaces the host system's own data, or takes them away.
    ChangeMetadata {
        /// All of them.
        metadata: Option<Map<String, Value>>,
    },
    /// Gives it a picture, or takes it away.
    ChangeAvatar {
        /// Where it is.
        avatar_url: Option<Text>,
    },
    /// Pins a message for everyone, instead of any before it.
    PinMessage {
        /// The message, which is in this conversation.
        message: MessageId,
    },
    /// Unpins the pinned message.
    UnpinMessage,
    /// Hides it from everyone until it is restored.
    TrashConversation,
    /// Takes it out of the trash.
    RestoreConversation,
    /// Lets a user in.
    AddMember { user: UserId },
    /// Takes a user out, or lets them leave.
    RemoveMember { user: UserId },
    /// Takes it away for good, with everything that was said in it.
    DeleteConversation,
    /// Edits a message.
    EditMessage {
        /// The message, which is in this conversation.
        message: MessageId,
        /// Who wrote it, and edits it now.
        author: UserId,
        /// Not blank.
        text: Text,
        /// The host system's own.
        metadata: Option<Map<String, Value>>,
        /// In the order to be shown.
        tags: Vec<String>,
    },
    /// Takes a message away for good.
    DeleteMessage {
        /// The message, which is in this conversation.
        message: MessageId,
    },
    /// Says something.
    PostMessage {
        /// The message's own id.
        message: MessageId,
        author: UserId,
        /// Not blank.
        text: Text,
        /// The host system's own.
        metadata: Option<Map<String, Value>>,
        /// In the order to be shown.
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

/// What a conversation is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// Private, room or contextual.
    pub kind: Kind,
    /// Who makes it; none when the host system does.
    pub creator: Option<UserId>,
    /// Everyone in it, the creator too.
    pub members: Vec<UserId>,
    /// The host system's name of a contextual chat.
    pub uid: Option<String>,
    /// Blank counts as none.
    pub name: Option<Text>,
    /// Blank counts as none.
    pub description: Option<Text>,
    /// The host system's own.
    pub metadata: Option<Map<String, Value>>,
    /// In the order to be shown.
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
