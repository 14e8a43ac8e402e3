use super::Profile;

/// What may be asked of a user's entry in the directory.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes the entry.
    RegisterUser {
        /// The host system's name of the user, 1 to 256 characters.
        uid: String,
        /// What is known from the start.
        profile: Profile,
    },
    /// Changes what is given and leaves the rest.
    UpdateUser {
        /// Fields that are none stay as they are.
        profile: Profile,
    },
}
