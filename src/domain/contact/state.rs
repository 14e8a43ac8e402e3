use serde::{Deserialize, Serialize};

use super::{Event, Profile};

/// A contact, as far as its rules need to know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub(super) created: bool,
    pub(super) profile: Profile,
}

/// Makes it the state after an event.
pub(super) fn evolve(contact: &mut Contact, event: &Event) {
    let (Event::ContactCreated { profile } | Event::ContactUpdated { profile }) = event;
    contact.created = true;
    contact.profile.merge(profile);
}
