//! The kinds of commands that callers send, and what each of them leaves in the log.

use std::ops::RangeInclusive;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Create,
    GetOrCreateChat,
    Post,
    Edit,
    Delete,
    MarkRead,
    MarkUnread,
    Pin,
    Unpin,
    Mute,
    Unmute,
    Rename,
    Add,
    Remove,
    Erase,
}

impl Kind {
    /// The event type, and how many such events the log may have with the key of one acknowledged
    /// command. A command that changes nothing is acknowledged, and nothing is recorded.
    pub fn leaves(self) -> (&'static str, RangeInclusive<i64>) {
        match self {
            Self::Create => ("ConversationCreated", 1..=1),
            Self::GetOrCreateChat => ("ConversationCreated", 0..=1),
            Self::Post => ("MessagePosted", 1..=1),
            Self::Edit => ("MessageEdited", 1..=1),
            Self::Delete => ("MessageDeleted", 1..=1),
            Self::MarkRead => ("MarkedRead", 0..=1),
            Self::MarkUnread => ("MarkedUnread", 0..=1),
            Self::Pin => ("ConversationPinned", 0..=1),
            Self::Unpin => ("ConversationUnpinned", 0..=1),
            Self::Mute => ("ConversationMuted", 0..=1),
            Self::Unmute => ("ConversationUnmuted", 0..=1),
            Self::Rename => ("ConversationRenamed", 1..=1),
            Self::Add => ("MemberAdded", 1..=1),
            Self::Remove => ("MemberRemoved", 1..=1),
            Self::Erase => ("ConversationDeleted", 1..=1),
        }
    }
}

/// A command whose outcome is known.
#[derive(Debug, Clone)]
pub struct Sent {
    pub key: String,
    pub kind: Kind,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Acknowledged,
    /// At the first attempt: it recorded nothing.
    Refused,
    /// After an attempt whose outcome is unknown: it may have recorded something.
    RefusedLater,
}
