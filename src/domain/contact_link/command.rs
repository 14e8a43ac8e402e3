use crate::{ContactId, ConversationId, InboxId, Text};

/// Commands on a source id of an inbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Links the source id to a contact.
    LinkContact {
        contact: ContactId,
        /// The inbox of the source id.
        inbox: InboxId,
        /// The contact's id in the inbox.
        source_id: Text,
    },
    /// Chooses the one conversation of the link; refused if another one is chosen.
    ChooseConversation {
        /// The conversation to choose.
        conversation: ConversationId,
        /// An erased conversation: if it is the chosen one, it is replaced.
        instead_of: Option<ConversationId>,
    },
}
