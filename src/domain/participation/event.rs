use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConversationId, MembershipId, PublicId, StoredEvent, UserId};

/// One membership of a user in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Membership {
    /// The conversation.
    pub conversation: ConversationId,
    /// The member.
    pub user: UserId,
    /// Which of the user's memberships: the account position of the event that added them. A user
    /// who leaves and comes back has a new membership, and with it a fresh state.
    #[serde(rename = "membership")]
    pub id: MembershipId,
}

/// An event of one member's own state in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// The member and the conversation.
    #[serde(flatten)]
    pub membership: Membership,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}

/// The changes of a member's own state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Change {
    /// The member has read up to a message.
    MarkedRead {
        /// The message's public number; absent if the read marker does not move.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<PublicId>,
        /// When the member read, if that is not when the event was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<DateTime<Utc>>,
    },
    /// The member marked the conversation as unread, until marked as read.
    MarkedUnread {
        /// If given, only messages after this time are unread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<DateTime<Utc>>,
    },
    /// The member pinned the conversation in their list.
    ConversationPinned,
    /// The member unpinned the conversation.
    ConversationUnpinned,
    /// The member muted the conversation, for ever or until a time.
    ConversationMuted {
        /// The end of the mute; absent: for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// The conversation is no longer muted: the member unmuted it, or the mute ended.
    ConversationUnmuted,
    /// The member archived the conversation.
    ConversationArchived {
        /// The time of archiving.
        at: DateTime<Utc>,
    },
    /// The member took the conversation out of the archive.
    ConversationUnarchived,
    /// The member starred the conversation.
    ConversationStarred,
    /// The member removed the star.
    ConversationUnstarred,
    /// The member turned notifications on.
    Subscribed,
    /// The member turned notifications off.
    Unsubscribed,
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self.change {
            Change::MarkedRead { .. } => "MarkedRead",
            Change::MarkedUnread { .. } => "MarkedUnread",
            Change::ConversationPinned => "ConversationPinned",
            Change::ConversationUnpinned => "ConversationUnpinned",
            Change::ConversationMuted { .. } => "ConversationMuted",
            Change::ConversationUnmuted => "ConversationUnmuted",
            Change::ConversationArchived { .. } => "ConversationArchived",
            Change::ConversationUnarchived => "ConversationUnarchived",
            Change::ConversationStarred => "ConversationStarred",
            Change::ConversationUnstarred => "ConversationUnstarred",
            Change::Subscribed => "Subscribed",
            Change::Unsubscribed => "Unsubscribed",
        }
    }
}
