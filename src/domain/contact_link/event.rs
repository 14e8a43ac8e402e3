use serde::{Deserialize, Serialize};

use crate::{ContactId, ConversationId, InboxId, StoredEvent, Text};

/// Events of a source id of an inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// A source id was linked to a contact, for good.
    ContactLinked {
        /// The contact.
        contact: ContactId,
        /// The inbox of the source id.
        inbox: InboxId,
        /// The contact's id in the inbox.
        source_id: Text,
    },
    /// In an inbox with a single conversation per contact: that conversation was chosen.
    LinkedConversationChosen {
        /// The conversation, which may not have been created yet.
        linked: ConversationId,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::ContactLinked { .. } => "ContactLinked",
            Self::LinkedConversationChosen { .. } => "LinkedConversationChosen",
        }
    }
}
