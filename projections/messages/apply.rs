use domain::{ConversationId, MessageId};
use serde::Serialize;

use crate::changes::{Changes, EditedMessage, PostedMessage};
use crate::model::argument;

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    posted: Vec<&'a PostedMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edited: Vec<&'a EditedMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted: Vec<&'a MessageId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deleted_conversations: Vec<&'a ConversationId>,
}

pub(super) fn changes(changes: &Changes) -> Option<String> {
    argument(&Argument {
        posted: changes.posted.values().collect(),
        edited: changes.edited.values().collect(),
        deleted: changes.deleted_messages.iter().collect(),
        deleted_conversations: changes.deleted_conversations.iter().collect(),
    })
}
