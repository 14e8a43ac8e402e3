use domain::{ConversationId, MessageId};
use serde::Serialize;

use crate::changes::{Changes, ConversationChanges, Created};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    created: Vec<&'a Created<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'a ConversationChanges<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_messages: Vec<&'a MessageId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted: Vec<&'a ConversationId>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    argument(&Argument {
        created: changes.created.values().collect(),
        changed: changes.conversations.values().collect(),
        deleted_messages: changes.deleted_messages.iter().collect(),
        deleted: changes.deleted_conversations.iter().collect(),
    })
}
