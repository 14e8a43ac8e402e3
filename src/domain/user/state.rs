use serde::{Deserialize, Serialize};

use super::{Event, Profile};

/// A user of the host system, as the directory knows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub(super) registered: bool,
    pub(super) profile: Profile,
}

/// Makes it the state after an event.
pub(super) fn evolve(user: &mut User, event: &Event) {
    match event {
        Event::UserRegistered { profile, .. } => {
            user.registered = true;
            user.profile = profile.clone();
        }
        Event::UserUpdated { profile } => user.profile.merge(profile),
    }
}
