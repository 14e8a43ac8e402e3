use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Event, Profile};

/// A user of the host system, as the directory knows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub(super) registered: bool,
    pub(super) profile: Profile,
    /// When the newest token was issued that details were taken from.
    pub(super) token_issued_at: Option<DateTime<Utc>>,
    /// Tokens issued until then are revoked.
    pub(super) revoked_until: Option<DateTime<Utc>>,
}

/// Applies an event to the state.
pub(super) fn evolve(user: &mut User, event: &Event) {
    match event {
        Event::UserRegistered { profile, token_issued_at, .. }
        | Event::UserUpdated { profile, token_issued_at } => {
            user.registered = true;
            user.profile.merge(profile);
            user.token_issued_at = user.token_issued_at.max(*token_issued_at);
        }
        Event::TokensRevoked { issued_until } => {
            user.revoked_until = user.revoked_until.max(Some(*issued_until));
        }
    }
}
