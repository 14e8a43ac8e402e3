use chrono::{DateTime, Utc};

use super::Membership;
use crate::PublicId;

/// What a member may ask for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Whose membership, in which conversation.
    pub membership: Membership,
    pub change: Change,
}

/// How far a user has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everything, which is to this message as far as the caller knows, and never back; none when
    /// there is none.
    Whole(Option<PublicId>),
    /// Up to the message with this public number, which may be back; [`PublicId::NONE`]: nothing.
    UpTo(PublicId),
}

/// The change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Looked at now, and read up to a message. Recorded also when nothing else changes, for its
    /// time.
    OpenConversation {
        /// How far.
        reading: Reading,
        /// As of when; none: now.
        as_of: Option<DateTime<Utc>>,
    },
    /// Read up to a message; with none, only takes an earlier "unread" back.
    MarkRead {
        /// The message's public number.
        message: Option<PublicId>,
    },
    /// Unread from now on until marked read.
    MarkUnread,
    /// Unread from now on what came later than then; recorded each time, for its time.
    MarkUnreadSince {
        /// None: everything.
        as_of: Option<DateTime<Utc>>,
    },
    /// To the top of the member's list.
    PinConversation,
    /// Back among the others.
    UnpinConversation,
    /// Keep quiet, for ever or until a time.
    MuteConversation { until: Option<DateTime<Utc>> },
    /// Keep quiet, and leave a mute that there is as it is.
    KeepMuted,
    /// Nothing, as long as it is muted or not as the caller knows it.
    ExpectMuted {
        /// What the caller knows.
        muted: bool,
        /// The end of a mute that counts as over, though no event has ended it yet.
        over_since: Option<DateTime<Utc>>,
    },
    /// Speak up again.
    UnmuteConversation,
    /// A mute with an end has come to it. Another mute since goes on.
    EndMute {
        /// The end that was reached.
        until: DateTime<Utc>,
    },
    /// Out of the way.
    ArchiveConversation {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// Back.
    UnarchiveConversation,
    /// A star.
    StarConversation,
    /// No star.
    UnstarConversation,
    /// Notifications, please.
    Subscribe,
    /// No notifications.
    Unsubscribe,
}

impl Change {
    /// The command's name, for the metadata of its events: one for all ways to ask for the same.
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
