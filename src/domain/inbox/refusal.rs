use crate::limits::Excess;

/// Why a command on an inbox is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken.
    #[error("the inbox exists")]
    InboxExists,
    /// There is no such inbox.
    #[error("the inbox does not exist")]
    InboxUnknown,
    /// The name is missing or blank.
    #[error("name must not be blank")]
    NameBlank,
    /// A value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
