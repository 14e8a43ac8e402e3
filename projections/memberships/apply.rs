use domain::ConversationId;
use serde::Serialize;

use crate::changes::{Changes, MemberChanges, MembershipChange};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    /// Conversations whose members' rows may need an update: those where anything changed that
    /// everyone sees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conversations: Vec<&'a ConversationId>,
    /// Those that were trashed or restored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trash_changed: Vec<&'a ConversationId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_conversations: Vec<&'a ConversationId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memberships: Vec<&'a MembershipChange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<&'a MemberChanges>,
    /// Those of `members` that change read ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<&'a MemberChanges>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    let moves = |changes: &&MemberChanges| changes.moves_read_ranges();
    let trashing = changes.conversations.iter().filter(|(_, changes)| changes.trashed.is_some());
    argument(&Argument {
        conversations: changes.conversations.keys().collect(),
        trash_changed: trashing.map(|(uuid, _)| uuid).collect(),
        deleted_conversations: changes.deleted_conversations.iter().collect(),
        memberships: changes.memberships.values().collect(),
        members: changes.members.values().collect(),
        readings: changes.members.values().filter(moves).collect(),
    })
}
