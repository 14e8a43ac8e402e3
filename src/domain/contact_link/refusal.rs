use crate::limits::Excess;

/// Why a command on a source id is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is another contact's.
    #[error("source_id should be unique")]
    SourceIdTaken,
    /// It belongs to no contact.
    #[error("the source id is not linked to a contact")]
    LinkUnknown,
    /// Another conversation is the one of the link.
    #[error("another conversation was chosen meanwhile")]
    ConversationChosen,
    /// Nothing but white space.
    #[error("source_id must not be blank")]
    SourceIdBlank,
    /// Beyond a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
