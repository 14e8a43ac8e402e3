use serde::{Deserialize, Serialize};

use super::Event;
use crate::{ContactId, ConversationId};

/// The contact that a source id of an inbox belongs to, if any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactLink {
    pub(super) contact: Option<ContactId>,
    pub(super) conversation: Option<ConversationId>,
}

/// Applies an event to the state.
pub(super) fn evolve(link: &mut ContactLink, event: &Event) {
    match event {
        Event::ContactLinked { contact, .. } => link.contact = Some(*contact),
        Event::LinkedConversationChosen { linked } => link.conversation = Some(*linked),
    }
}
