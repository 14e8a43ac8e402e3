use serde::{Deserialize, Serialize};

use super::Event;
use crate::ContactId;

/// The contact that holds a value, if any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactClaim {
    pub(super) contact: Option<ContactId>,
}

/// Applies an event to the state.
pub(super) fn evolve(claim: &mut ContactClaim, event: &Event) {
    claim.contact = match event {
        Event::ContactClaimed { contact } => Some(*contact),
        Event::ContactClaimReleased { .. } => None,
    };
}
