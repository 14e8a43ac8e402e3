use serde::{Deserialize, Serialize};

use crate::{ContactId, ConversationId, InboxId, StoredEvent, Text};

/// What happened to a source id of an inbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It is a contact's, for good.
    ContactLinked {
        /// Whose.
        contact: ContactId,
        /// Of which inbox.
        inbox: InboxId,
        /// Who the contact is there.
        source_id: Text,
    },
    /// In an inbox of one conversation a contact: which it is.
    LinkedConversationChosen {
        /// The conversation, which may be yet to be made.
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
