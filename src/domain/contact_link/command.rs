use crate::{ContactId, ConversationId, InboxId, Text};

/// What may be asked of a source id of an inbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it a contact's.
    LinkContact {
        contact: ContactId,
        /// Of which inbox.
        inbox: InboxId,
        /// Who the contact is there.
        source_id: Text,
    },
    /// Chooses the one conversation of the link; refused if another one is chosen.
    ChooseConversation {
        /// The one to be chosen.
        conversation: ConversationId,
        /// One that is gone: if it is chosen, then no longer.
        instead_of: Option<ConversationId>,
    },
}
