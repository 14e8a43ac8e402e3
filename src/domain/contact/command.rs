use super::Profile;

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
        /// A field that is none stays as it is, a blank one is taken away; attributes are added to those that there are.
        profile: Profile,
    },
}
