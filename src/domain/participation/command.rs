use chrono::{DateTime, Utc};

use super::Membership;
use crate::PublicId;

/// A member's command on their own state in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The member and the conversation.
    pub membership: Membership,
    pub change: Change,
}

/// How far a user has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The whole conversation: up to the newest message that the caller knows of, if any. Never
    /// moves the marker back.
    Whole(Option<PublicId>),
    /// Up to the message with this public number, which may move the marker back;
    /// [`PublicId::NONE`] means that nothing is read.
    UpTo(PublicId),
}

/// The requested change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Opens the conversation and reads up to a message. Recorded even if the marker does not move,
    /// for its time.
    OpenConversation {
        /// How far the member has read.
        reading: Reading,
        /// When the member opened it; `None` means now.
        as_of: Option<DateTime<Utc>>,
    },
    /// Marks as read up to a message; `None` only clears an earlier mark as unread.
    MarkRead {
        /// The message's public number.
        message: Option<PublicId>,
    },
    /// Marks as unread, until marked as read.
    MarkUnread,
    /// Marks what is newer than a time as unread; recorded each time, for its time.
    MarkUnreadSince {
        /// `None` means everything.
        as_of: Option<DateTime<Utc>>,
    },
    /// Pins to the top of the member's list.
    PinConversation,
    /// Unpins.
    UnpinConversation,
    /// Mutes, for ever or until a time.
    MuteConversation { until: Option<DateTime<Utc>> },
    /// Mutes for ever, but leaves an existing mute as it is.
    KeepMuted,
    /// Changes nothing; refused unless the mute is as the caller expects.
    ExpectMuted {
        /// Whether the caller expects a mute.
        muted: bool,
        /// The end of a mute that is over but not yet ended by an event.
        over_since: Option<DateTime<Utc>>,
    },
    /// Unmutes.
    UnmuteConversation,
    /// Unmutes because the end of a mute was reached. Changes nothing if it was muted until another
    /// time since.
    EndMute {
        /// The end of the mute that was reached.
        until: DateTime<Utc>,
    },
    /// Archives.
    ArchiveConversation {
        /// The time of archiving.
        at: DateTime<Utc>,
    },
    /// Takes out of the archive.
    UnarchiveConversation,
    /// Stars.
    StarConversation,
    /// Removes the star.
    UnstarConversation,
    /// Turns notifications on.
    Subscribe,
    /// Turns notifications off.
    Unsubscribe,
}

impl Change {
    /// The command's name, for the metadata of its events. Variants of one command share a name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MarkRead { .. } | Self::OpenConversation { .. } => "MarkRead",
            Self::MarkUnread | Self::MarkUnreadSince { .. } => "MarkUnread",
            Self::PinConversation => "PinConversation",
            Self::UnpinConversation => "UnpinConversation",
            Self::MuteConversation { .. } | Self::KeepMuted | Self::ExpectMuted { .. } => {
                "MuteConversation"
            }
            Self::UnmuteConversation => "UnmuteConversation",
            Self::EndMute { .. } => "EndMute",
            Self::ArchiveConversation { .. } => "ArchiveConversation",
            Self::UnarchiveConversation => "UnarchiveConversation",
            Self::StarConversation => "StarConversation",
            Self::UnstarConversation => "UnstarConversation",
            Self::Subscribe => "Subscribe",
            Self::Unsubscribe => "Unsubscribe",
        }
    }
}
