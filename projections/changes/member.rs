use chrono::{DateTime, Utc};
use domain::participation::{Change, Event, Membership};
use domain::{AccountPosition, ConversationId, MembershipId, PublicId, UserId};
use event_store::RecordedEvent;
use serde::Serialize;
use std::ops::Not;

use super::Changes;
use super::read_ranges::ReadRanges;

/// The net change to one member's own state; what is `None` or false did not change.
#[derive(Debug, Serialize)]
pub(crate) struct MemberChanges {
    conversation: ConversationId,
    user_id: UserId,
    membership: MembershipId,
    /// The read marker was moved or removed.
    #[serde(skip_serializing_if = "Not::not")]
    pub(crate) marker_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<PublicId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) marked_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_unread: Option<bool>,
    /// When the member last opened the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_at: Option<DateTime<Utc>>,
    /// A bookmark that an earlier batch set is removed.
    #[serde(skip_serializing_if = "Not::not")]
    bookmark_removed: bool,
    /// The account position at which a bookmark was set; it counts only if there was none before.
    #[serde(skip_serializing_if = "Option::is_none")]
    bookmark: Option<AccountPosition>,
    #[serde(skip_serializing_if = "ReadRanges::are_unchanged")]
    read_ranges: ReadRanges,
    /// The account position of the pin; 0 unpins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<AccountPosition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starred: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribed: Option<bool>,
}

impl MemberChanges {
    fn none(membership: Membership) -> Self {
        Self {
            conversation: membership.conversation,
            user_id: membership.user,
            membership: membership.id,
            marker_changed: false,
            marker: None,
            marked_at: None,
            marked_unread: None,
            opened_at: None,
            bookmark_removed: false,
            bookmark: None,
            read_ranges: ReadRanges::default(),
            pinned: None,
            muted: None,
            muted_until: None,
            archived: None,
            archived_at: None,
            starred: None,
            subscribed: None,
        }
    }

    pub(crate) fn moves_read_ranges(&self) -> bool {
        !self.read_ranges.are_unchanged()
    }

    fn add(&mut self, recorded: &RecordedEvent, change: &Change) {
        match *change {
            Change::MarkedRead { message, as_of } => self.read(recorded, message, as_of),
            Change::MarkedUnread { .. } => {
                self.marker_changed = true;
                (self.marker, self.marked_at, self.marked_unread) = (None, None, Some(true));
                (self.bookmark_removed, self.bookmark) = (true, None);
                self.read_ranges.clear();
            }
            Change::ConversationPinned => self.pinned = Some(recorded.account_position),
            Change::ConversationUnpinned => self.pinned = Some(AccountPosition::START),
            Change::ConversationMuted { until } => {
                (self.muted, self.muted_until) = (Some(true), until);
            }
            Change::ConversationUnmuted => (self.muted, self.muted_until) = (Some(false), None),
            Change::ConversationArchived { at } => {
                (self.archived, self.archived_at) = (Some(true), Some(at));
            }
            Change::ConversationUnarchived => {
                (self.archived, self.archived_at) = (Some(false), None);
            }
            Change::ConversationStarred => self.starred = Some(true),
            Change::ConversationUnstarred => self.starred = Some(false),
            Change::Subscribed => self.subscribed = Some(true),
            Change::Unsubscribed => self.subscribed = Some(false),
        }
    }

    fn read(
        &mut self,
        recorded: &RecordedEvent,
        message: Option<PublicId>,
        as_of: Option<DateTime<Utc>>,
    ) {
        self.opened_at = Some(as_of.unwrap_or(recorded.recorded_at));
        self.bookmark.get_or_insert(recorded.account_position);
        self.marked_unread = Some(false);
        match message {
            None => {}
            // Read up to no message: others see no marker, and no message counts as read.
            Some(PublicId::NONE) => {
                (self.marker_changed, self.marker, self.marked_at) = (true, None, None);
                self.read_ranges.clear();
            }
            Some(message) => {
                self.marker_changed = true;
                (self.marker, self.marked_at) = (Some(message), Some(recorded.recorded_at));
                self.read_ranges.read_up_to(message, recorded);
            }
        }
    }
}

impl Changes<'_> {
    pub(super) fn member(&mut self, recorded: &RecordedEvent, event: &Event) {
        let membership = event.membership;
        let changes = self
            .members
            .entry((membership.conversation, membership.user))
            .or_insert_with(|| MemberChanges::none(membership));
        if changes.membership < membership.id {
            *changes = MemberChanges::none(membership);
        }
        if changes.membership == membership.id {
            changes.add(recorded, &event.change);
        }
    }
}
