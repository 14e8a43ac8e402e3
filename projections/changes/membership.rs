use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::{AccountPosition, ConversationId, MembershipId, ParticipationId, UserId};
use event_store::RecordedEvent;
use serde::Serialize;

use super::Changes;

/// Whether a user is a member at the end of the batch, if they came or went in it.
#[derive(Debug, Serialize)]
pub(crate) struct MembershipChange {
    conversation: ConversationId,
    user_id: UserId,
    /// The account position of the event that let them in; `None`: they are out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership: Option<MembershipId>,
    joined_at: DateTime<Utc>,
    /// The member's own stream.
    participation: ParticipationId,
}

impl Changes<'_> {
    pub(super) fn membership(&mut self, recorded: &RecordedEvent, event: &Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        let mut set = |user: UserId, membership: Option<AccountPosition>| {
            let change = MembershipChange {
                conversation,
                user_id: user,
                membership: membership.map(MembershipId::from),
                joined_at: recorded.recorded_at,
                participation: domain::participation_id(conversation, user),
            };
            self.memberships.insert((conversation, user), change);
        };
        match event {
            Event::ConversationCreated { members, .. } => {
                for user in members {
                    set(*user, Some(recorded.account_position));
                }
            }
            Event::MemberAdded { user } => set(*user, Some(recorded.account_position)),
            Event::MemberRemoved { user } => set(*user, None),
            // Everyone's membership goes at once, with the conversation.
            Event::ConversationDeleted => {
                self.memberships.retain(|(of, _), _| *of != conversation);
                self.members.retain(|(of, _), _| *of != conversation);
            }
            _ => {}
        }
    }
}
