use serde::{Deserialize, Serialize};

use super::Event;
use crate::{ContactId, ConversationId};

/// Whose a source id of an inbox is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactLink {
    pub(super) contact: Option<ContactId>,
    pub(super) conversation: Option<ConversationId>,
}

/// Makes it the state after an event.
pub(super) fn evolve(link: &mut ContactLink, event: &Event) {
    match event {
        Event::ContactLinked { contact, .. } => link.contact = Some(*contact),
        Event::LinkedConversationChosen { linked } => link.conversation = Some(*linked),
    }
}
