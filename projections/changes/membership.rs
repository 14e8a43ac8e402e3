use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::conversation::{Event, Kind};
use domain::{AccountPosition, ConversationId, MembershipId, ParticipationId, UserId};
use event_store::RecordedEvent;
use serde::Serialize;
use uuid::Uuid;

use super::Changes;

/// The membership, at the end of the batch, of a user who joined or left within it.
#[derive(Debug, Serialize)]
pub(crate) struct MembershipChange {
    conversation: ConversationId,
    user_id: UserId,
    /// The account position of the event that added the user; `None` if they left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership: Option<MembershipId>,
    joined_at: DateTime<Utc>,
    /// In a private chat, the other member.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<UserId>,
    participation: ParticipationId,
}

impl Changes<'_> {
    pub(super) fn membership(&mut self, recorded: &RecordedEvent, event: &Event) {
        let conversation = ConversationId::new(recorded.aggregate_id);
        let mut set = |user: UserId, membership: Option<AccountPosition>, other: Option<UserId>| {
            let change = MembershipChange {
                conversation,
                user_id: user,
                membership: membership.map(MembershipId::from),
                joined_at: recorded.recorded_at,
                other,
                participation: domain::participation_id(conversation, user),
            };
            self.memberships.insert((conversation, user), change);
        };
        match event {
            Event::ConversationCreated { kind, members, .. } => {
                for user in members {
                    let other = members.iter().find(|other| *other != user).copied();
                    let other = other.filter(|_| *kind == Kind::Private);
                    set(*user, Some(recorded.account_position), other);
                }
            }
            Event::MemberAdded { user } => set(*user, Some(recorded.account_position), None),
            Event::MemberRemoved { user } => set(*user, None, None),
            // The model deletes all memberships of a deleted conversation by itself.
            Event::ConversationDeleted => {
                remove_all(&mut self.memberships, conversation);
                remove_all(&mut self.members, conversation);
            }
            _ => {}
        }
    }
}

/// Looks only at the conversation's range of keys: a large batch may have many conversations.
fn remove_all<T>(of: &mut BTreeMap<(ConversationId, UserId), T>, conversation: ConversationId) {
    let member = |user| (conversation, UserId::new(user));
    let members = member(Uuid::nil())..=member(Uuid::max());
    let gone: Vec<_> = of.range(members).map(|(member, _)| *member).collect();
    gone.iter().for_each(|member| drop(of.remove(member)));
}
