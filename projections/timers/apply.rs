use domain::{ConversationId, MembershipId, ParticipationId};
use serde::Serialize;

use crate::changes::{Changes, TimerChange};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timers: Vec<&'a TimerChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memberships: Vec<(&'a ParticipationId, &'a MembershipId)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_conversations: Vec<&'a ConversationId>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    argument(&Argument {
        timers: changes.timers.values().collect(),
        memberships: changes.newest_memberships.iter().collect(),
        deleted_conversations: changes.deleted_conversations.iter().collect(),
    })
}
