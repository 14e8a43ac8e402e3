use crate::limits::Excess;

/// Why a command on a contact is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken.
    #[error("the contact exists")]
    ContactExists,
    /// There is no such contact.
    #[error("the contact does not exist")]
    ContactUnknown,
    /// It has others than were expected.
    #[error("the contact was changed meanwhile")]
    IdentitiesChanged,
    /// Beyond a limit.
    #[error(transparent)]
    Excess(#[from] Excess),
}
