use super::Profile;
use crate::Text;

/// Commands on a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Creates the contact.
    CreateContact {
        /// The contact's initial details.
        profile: Profile,
    },
    /// Changes the given fields and leaves the rest.
    UpdateContact {
        /// A field that is `None` stays as it is, a blank one is cleared; attributes are merged
        /// into the existing ones.
        profile: Profile,
    },
    /// Changes nothing; refused unless the contact has exactly these unique values. The claims and
    /// releases that go along with an update are derived from them.
    ExpectIdentities {
        /// `None` or empty: the contact has none.
        email: Option<Text>,
        /// `None` or empty: the contact has none.
        phone_number: Option<Text>,
        /// `None` or empty: the contact has none.
        identifier: Option<Text>,
    },
}
