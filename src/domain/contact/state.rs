use serde::{Deserialize, Serialize};

use super::{Event, Profile};

/// The state of a contact, as far as the rules need it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub(super) created: bool,
    pub(super) profile: Profile,
}

/// Applies an event to the state.
pub(super) fn evolve(contact: &mut Contact, event: &Event) {
    let (Event::ContactCreated { profile } | Event::ContactUpdated { profile }) = event;
    contact.created = true;
    contact.profile.merge(profile);
}
