use crate::limits::Excess;

/// Why a command on a contact is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken.
    #[error("the contact exists")]
    ContactExists,
    /// There is no such contact.
    #[error("the contact does not exist")]
    ContactUnknown,
    /// The unique values are not the ones that the caller expected.
    #[error("the contact was changed meanwhile")]
    IdentitiesChanged,
    /// A value exceeds a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
