use chrono::{DateTime, Utc};

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
    /// Makes the entry, or changes what the token of a user says, unless a token that is as new was
    /// followed before.
    FollowToken {
        /// The host system's name of the user, 1 to 256 characters.
        uid: String,
        /// What the token says.
        profile: Profile,
        /// When it was issued, if it says.
        issued_at: Option<DateTime<Utc>>,
    },
    /// Changes what is given and leaves the rest.
    UpdateUser {
        /// Fields that are none stay as they are.
        profile: Profile,
    },
    /// Takes back every access token of the user that was issued until then.
    RevokeTokens { issued_until: DateTime<Utc> },
}
