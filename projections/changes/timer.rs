use chrono::{DateTime, Utc};
use domain::conversation::support::Opening;
use domain::participation::{Change, Event};
use domain::{AccountId, ConversationId, MembershipId, ParticipationId, conversation};
use event_store::RecordedEvent;
use serde::Serialize;
use uuid::Uuid;

use super::Changes;
use crate::timers::Action;

/// The kind of timer that ends a mute.
const MUTE: &str = "mute";
/// The kind of timer that ends a snooze.
const SNOOZE: &str = "snooze";

/// A timer that was set or cancelled.
#[derive(Debug, Serialize)]
pub(crate) struct TimerChange {
    stream: Uuid,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub(crate) set: Option<Timer>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Timer {
    account_id: AccountId,
    conversation: ConversationId,
    membership: MembershipId,
    due_at: DateTime<Utc>,
    /// The event that set it.
    cause: Uuid,
    action: Action,
}

impl Changes<'_> {
    pub(super) fn timer_of_member(&mut self, recorded: &RecordedEvent, event: &Event) {
        let (stream, membership) = (ParticipationId::new(recorded.aggregate_id), event.membership);
        let newest = self.newest_memberships.entry(stream).or_insert(membership.id);
        *newest = membership.id.max(*newest);
        let set = match event.change {
            Change::ConversationMuted { until: Some(until) } => Some(Timer {
                account_id: recorded.account,
                conversation: membership.conversation,
                membership: membership.id,
                due_at: until,
                cause: recorded.event_id,
                action: Action::EndMute { membership, until },
            }),
            Change::ConversationMuted { until: None } | Change::ConversationUnmuted => None,
            _ => return,
        };
        self.set_timer(stream.get(), MUTE, set);
    }

    pub(super) fn timer_of_conversation(
        &mut self,
        recorded: &RecordedEvent,
        event: &conversation::Event,
    ) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        match event {
            conversation::Event::MemberRemoved { user } => {
                self.set_timer(domain::participation_id(conversation, *user).get(), MUTE, None);
            }
            conversation::Event::ConversationCreated {
                support: Some(Opening { snoozed_until: Some(until), .. }),
                ..
            }
            | conversation::Event::ConversationSnoozed { until: Some(until) } => {
                let set = Timer {
                    account_id: recorded.account,
                    conversation,
                    membership: MembershipId::default(),
                    due_at: *until,
                    cause: recorded.event_id,
                    action: Action::EndSnooze { conversation, until: *until },
                };
                self.set_timer(conversation.get(), SNOOZE, Some(set));
            }
            conversation::Event::ConversationSnoozed { until: None }
            | conversation::Event::StatusChanged { .. } => {
                self.set_timer(conversation.get(), SNOOZE, None);
            }
            conversation::Event::ConversationDeleted => self.timers.retain(|_, timer| {
                let set = timer.set.as_ref();
                set.is_none_or(|set| set.conversation != conversation)
            }),
            _ => {}
        }
    }

    fn set_timer(&mut self, stream: Uuid, kind: &'static str, set: Option<Timer>) {
        self.timers.insert((stream, kind), TimerChange { stream, kind, set });
    }
}
