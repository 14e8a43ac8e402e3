use crate::limits::Excess;

/// Why a command on a source id is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The source id belongs to another contact.
    #[error("source_id should be unique")]
    SourceIdTaken,
    /// The source id belongs to no contact.
    #[error("the source id is not linked to a contact")]
    LinkUnknown,
    /// Another conversation is the chosen one.
    #[error("another conversation was chosen meanwhile")]
    ConversationChosen,
    /// The source id is blank.
    #[error("source_id must not be blank")]
    SourceIdBlank,
    /// A value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
