use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Change, Event};
use crate::{MembershipId, PublicId};

/// One member's own state in one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    pub(super) membership: MembershipId,
    pub(super) marker: Option<PublicId>,
    pub(super) marked_unread: bool,
    pub(super) pinned: bool,
    pub(super) muted: bool,
    /// The end of the mute; `None` while muted: for ever.
    pub(super) muted_until: Option<DateTime<Utc>>,
    pub(super) archived_at: Option<DateTime<Utc>>,
    pub(super) starred: bool,
    pub(super) unsubscribed: bool,
}

impl Participation {
    /// The state in the given membership: a new one starts fresh.
    pub(super) fn in_membership(&self, membership: MembershipId) -> Self {
        if self.membership == membership {
            self.clone()
        } else {
            Self { membership, ..Self::default() }
        }
    }

    /// Whether the conversation is unread, given the newest message by anyone else, if any.
    pub fn is_unread(&self, newest_by_others: Option<PublicId>) -> bool {
        self.marked_unread || newest_by_others > self.marker
    }
}

/// Applies an event to the state.
pub(super) fn evolve(participation: &mut Participation, event: &Event) {
    if participation.membership != event.membership.id {
        *participation = participation.in_membership(event.membership.id);
    }
    match event.change {
        Change::MarkedRead { message, .. } => {
            participation.marker = message.or(participation.marker);
            participation.marked_unread = false;
        }
        Change::MarkedUnread { .. } => {
            participation.marker = None;
            participation.marked_unread = true;
        }
        Change::ConversationPinned => participation.pinned = true,
        Change::ConversationUnpinned => participation.pinned = false,
        Change::ConversationMuted { until } => {
            (participation.muted, participation.muted_until) = (true, until);
        }
        Change::ConversationUnmuted => {
            (participation.muted, participation.muted_until) = (false, None)
        }
        Change::ConversationArchived { at } => participation.archived_at = Some(at),
        Change::ConversationUnarchived => participation.archived_at = None,
        Change::ConversationStarred => participation.starred = true,
        Change::ConversationUnstarred => participation.starred = false,
        Change::Subscribed => participation.unsubscribed = false,
        Change::Unsubscribed => participation.unsubscribed = true,
    }
}
