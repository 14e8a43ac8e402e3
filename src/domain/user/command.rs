use chrono::{DateTime, Utc};

use super::Profile;

/// Commands on a user's entry in the directory.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Creates the entry.
    RegisterUser {
        /// The host system's id of the user, 1 to 256 characters.
        uid: String,
        /// The initial details.
        profile: Profile,
    },
    /// Creates the entry, or updates it from the user's token, unless a token that is at least as
    /// new was followed before.
    FollowToken {
        /// The host system's id of the user, 1 to 256 characters.
        uid: String,
        /// The details in the token.
        profile: Profile,
        /// When the token was issued, if it says so.
        issued_at: Option<DateTime<Utc>>,
    },
    /// Changes the given fields and leaves the rest.
    UpdateUser {
        /// Fields that are `None` stay as they are.
        profile: Profile,
    },
    /// Revokes every access token of the user that was issued until then.
    RevokeTokens { issued_until: DateTime<Utc> },
}
