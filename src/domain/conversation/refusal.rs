use crate::limits::Excess;

use crate::UserId;

/// Why a command on a conversation is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such conversation.
    #[error("the conversation does not exist")]
    ConversationUnknown,
    /// The id is taken by another conversation.
    #[error("the conversation exists")]
    ConversationExists,
    /// It was deleted, for good.
    #[error("the conversation was deleted")]
    ConversationDeleted,
    /// The message was deleted, for good.
    #[error("the message was deleted")]
    MessageDeleted,
    /// It is in the trash.
    #[error("the conversation is in the trash")]
    ConversationTrashed,
    /// A private chat has two members, any other at least none.
    #[error("a private chat has exactly two members")]
    PrivateChatNeedsTwo,
    /// The members of a private chat do not change.
    #[error("the two members of a private chat are fixed")]
    MembersFixed,
    /// The actor, or a user who is named, is not in the conversation.
    #[error("user {0} is not a member of the conversation")]
    NotAMember(UserId),
    /// A member, but neither its creator nor an administrator.
    #[error("only its creator, an administrator or the host system may do this")]
    NotInCharge,
    /// A contextual chat needs the host system's name.
    #[error("a contextual chat needs a uid")]
    UidMissing,
    /// It is not a support conversation, or it is one and cannot do that.
    #[error("a conversation of this kind cannot do that")]
    WrongKind,
    /// It counts whether the agents have muted it, and what was known of that is not so.
    #[error("the conversation was muted, or unmuted, at the same time")]
    MuteUnknown,
    /// A time that no reader of an event could write.
    #[error("the time cannot be kept")]
    TimeInvalid,
    /// Beyond a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// A message without a visible character.
    #[error("text must not be blank")]
    TextBlank,
}
