use crate::limits::Excess;

use crate::UserId;

/// Why a command on a conversation is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such conversation.
    #[error("the conversation does not exist")]
    ConversationUnknown,
    /// The id is taken by another conversation.
    #[error("the conversation exists")]
    ConversationExists,
    /// The conversation was deleted, for good.
    #[error("the conversation was deleted")]
    ConversationDeleted,
    /// The message was deleted, for good.
    #[error("the message was deleted")]
    MessageDeleted,
    /// The conversation is in the trash.
    #[error("the conversation is in the trash")]
    ConversationTrashed,
    /// A private chat has exactly two members.
    #[error("a private chat has exactly two members")]
    PrivateChatNeedsTwo,
    /// The members of a private chat do not change.
    #[error("the two members of a private chat are fixed")]
    MembersFixed,
    /// The acting user, or a user whom the command names, is not a member.
    #[error("user {0} is not a member of the conversation")]
    NotAMember(UserId),
    /// The asker is a member, but neither the creator nor an administrator.
    #[error("only its creator, an administrator or the host system may do this")]
    NotInCharge,
    /// A contextual chat needs the host system's uid.
    #[error("a contextual chat needs a uid")]
    UidMissing,
    /// The command does not apply to conversations of this kind.
    #[error("a conversation of this kind cannot do that")]
    WrongKind,
    /// The outcome depends on whether the agents have muted the conversation, and the caller did
    /// not say or what it said is outdated.
    #[error("the conversation was muted, or unmuted, at the same time")]
    MuteUnknown,
    /// A time outside the years 1 to 9999, or a leap second: not every reader of events can
    /// represent it.
    #[error("the time cannot be kept")]
    TimeInvalid,
    /// A value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// The message's text is blank.
    #[error("text must not be blank")]
    TextBlank,
}
