use super::Identity;
use crate::ContactId;

/// Commands on a value that only one contact of an account may have.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Claims the value for a contact.
    Claim {
        /// The contact that claims it.
        contact: ContactId,
        /// The kind of value, which the refusal names.
        identity: Identity,
    },
    /// Releases the value, if this contact holds it.
    Release {
        /// The contact that releases it.
        contact: ContactId,
    },
}
