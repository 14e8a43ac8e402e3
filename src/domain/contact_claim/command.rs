use super::Identity;
use crate::ContactId;

/// What may be asked of a value that one contact of an account may have.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it a contact's.
    Claim {
        /// Whose it is to be.
        contact: ContactId,
        /// Which kind of value it is, for the refusal.
        identity: Identity,
    },
    /// Lets it go, if it is this contact's.
    Release {
        /// Whose it is to be no longer.
        contact: ContactId,
    },
}
