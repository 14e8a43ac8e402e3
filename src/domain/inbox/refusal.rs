use crate::limits::Excess;

/// Why a command on an inbox is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken.
    #[error("the inbox exists")]
    InboxExists,
    /// There is no such inbox.
    #[error("the inbox does not exist")]
    InboxUnknown,
    /// Nothing but white space.
    #[error("name must not be blank")]
    NameBlank,
    /// Beyond a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
