use super::Profile;
use crate::Text;

/// What may be asked of a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes it.
    CreateContact {
        /// What is known from the start.
        profile: Profile,
    },
    /// Changes what is given and leaves the rest.
    UpdateContact {
        /// A field that is none stays as it is, a blank one is taken away; attributes are added to
        /// those that there are.
        profile: Profile,
    },
    /// Changes nothing. Refused unless these are the contact's values that no other may have: what
    /// is claimed and released along with an update follows from them.
    ExpectIdentities {
        /// None or blank: it has none.
        email: Option<Text>,
        /// None or blank: it has none.
        phone_number: Option<Text>,
        /// None or blank: it has none.
        identifier: Option<Text>,
    },
}
