use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Change, Command, Event, Refusal};
use crate::Stored;

/// One member's own state in one conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participation {
    pub(super) membership: i64,
    pub(super) marker: Option<i64>,
    pub(super) marked_unread: bool,
    pub(super) pinned: bool,
    pub(super) muted: bool,
    /// When muted: the end, none for ever.
    pub(super) muted_until: Option<DateTime<Utc>>,
    pub(super) archived_at: Option<DateTime<Utc>>,
    pub(super) starred: bool,
    pub(super) unsubscribed: bool,
}

impl Participation {
    /// The state in the given membership: a new one starts fresh.
    pub(super) fn in_membership(&self, membership: i64) -> Self {
        if self.membership == membership {
            self.clone()
        } else {
            Self { membership, ..Self::default() }
        }
    }

    /// Whether something waits to be read, when this is the newest message of anyone else, 0 for none.
    pub fn is_unread(&self, newest_by_others: i64) -> bool {
        self.marked_unread || newest_by_others > self.marker.unwrap_or(0)
    }

    /// The state after an event.
    pub fn evolve(&mut self, event: &Event) {
        if self.membership != event.seat.membership {
            *self = self.in_membership(event.seat.membership);
        }
        match event.change {
            Change::MarkedRead { message, .. } => {
                self.marker = message.or(self.marker);
                self.marked_unread = false;
            }
            Change::MarkedUnread => {
                self.marker = None;
                self.marked_unread = true;
            }
            Change::ConversationPinned => self.pinned = true,
            Change::ConversationUnpinned => self.pinned = false,
            Change::ConversationMuted { until } => {
                (self.muted, self.muted_until) = (true, until);
            }
            Change::ConversationUnmuted => (self.muted, self.muted_until) = (false, None),
            Change::ConversationArchived { at } => self.archived_at = Some(at),
            Change::ConversationUnarchived => self.archived_at = None,
            Change::ConversationStarred => self.starred = true,
            Change::ConversationUnstarred => self.starred = false,
            Change::Subscribed => self.unsubscribed = false,
            Change::Unsubscribed => self.unsubscribed = true,
        }
    }
}

impl Aggregate for Participation {
    const TYPE: &'static str = "participation";
    type Command = Command;
    type Event = Event;
    type Error = Refusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Refusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        self.evolve(&event);
    }
}

impl Stored for Participation {
    const STATE_SCHEMA: i32 = 1;

    fn name(command: &Command) -> &'static str {
        command.change.name()
    }

    fn conversation(_: Uuid, event: &Event) -> Option<Uuid> {
        Some(event.seat.conversation)
    }
}
