use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConversationId, MembershipId, PublicId, StoredEvent, UserId};

/// Of which conversation a user is a member, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Membership {
    /// The conversation.
    pub conversation: ConversationId,
    /// The member.
    pub user: UserId,
    /// Which of the user's memberships: the log position of the event that let them in. A user
    /// who leaves and comes back has a new one, and with it a fresh state.
    #[serde(rename = "membership")]
    pub id: MembershipId,
}

/// What a member did for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Whose membership, in which conversation.
    #[serde(flatten)]
    pub membership: Membership,
    /// What.
    #[serde(flatten)]
    pub change: Change,
}

/// The change itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Change {
    /// Read up to a message.
    MarkedRead {
        /// The message's public number; none when there was no message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<PublicId>,
        /// As of when, if that is not when it was recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<DateTime<Utc>>,
    },
    /// Unread until marked read.
    MarkedUnread {
        /// As of when, if given: later messages are unread.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        as_of: Option<DateTime<Utc>>,
    },
    /// Pinned in the member's list.
    ConversationPinned,
    /// No longer pinned.
    ConversationUnpinned,
    /// Muted, for ever or until a time.
    ConversationMuted {
        /// The end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<DateTime<Utc>>,
    },
    /// No longer muted.
    ConversationUnmuted,
    /// Archived by the member.
    ConversationArchived {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// No longer archived.
    ConversationUnarchived,
    /// Starred by the member.
    ConversationStarred,
    /// No longer starred.
    ConversationUnstarred,
    /// Wants notifications.
    Subscribed,
    /// Wants none.
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
