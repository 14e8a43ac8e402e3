use chrono::{DateTime, Utc};
use domain::participation::{Change, Event};
use domain::{AccountId, ConversationId, MembershipId, ParticipationId, conversation};
use event_store::RecordedEvent;
use serde::Serialize;
use uuid::Uuid;

use super::Changes;
use crate::timers::Action;

/// The kind of a mute's end.
const MUTE: &str = "mute";

/// A timer that was set, or taken away.
#[derive(Debug, Serialize)]
pub(crate) struct TimerChange {
    stream: ParticipationId,
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
        self.timers.insert((stream, MUTE), TimerChange { stream, kind: MUTE, set });
    }

    pub(super) fn timer_of_conversation(
        &mut self,
        recorded: &RecordedEvent,
        event: &conversation::Event,
    ) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        match event {
            conversation::Event::MemberRemoved { user } => {
                let stream = domain::participation_id(conversation, *user);
                let change = TimerChange { stream, kind: MUTE, set: None };
                self.timers.insert((stream, MUTE), change);
            }
            conversation::Event::ConversationDeleted => self.timers.retain(|_, timer| {
                let set = timer.set.as_ref();
                set.is_none_or(|set| set.conversation != conversation)
            }),
            _ => {}
        }
    }
}
