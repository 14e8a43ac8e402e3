use domain::ConversationId;
use serde::Serialize;

use crate::changes::{Changes, CreatedSupport, DeletedSupport, PostedSupport, SupportChanges};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    created: Vec<&'a CreatedSupport<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    posted: Vec<&'a PostedSupport<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_messages: Vec<&'a DeletedSupport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'a SupportChanges<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted: Vec<&'a ConversationId>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    argument(&Argument {
        created: changes.created_support.values().collect(),
        posted: changes.posted_support.values().collect(),
        deleted_messages: changes.deleted_support.values().collect(),
        changed: changes.support.values().collect(),
        deleted: changes.deleted_conversations.iter().collect(),
    })
}
