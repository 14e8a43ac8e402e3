use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Event, Profile};

/// A user of the host system, as the directory knows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub(super) registered: bool,
    pub(super) profile: Profile,
    /// Of the newest token that something was taken from.
    pub(super) token_issued_at: Option<DateTime<Utc>>,
    /// Tokens that were issued until then are taken back.
    pub(super) revoked_until: Option<DateTime<Utc>>,
}

/// Makes it the state after an event.
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
