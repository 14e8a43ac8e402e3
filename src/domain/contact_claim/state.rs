use serde::{Deserialize, Serialize};

use super::Event;
use crate::ContactId;

/// Whose a value is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactClaim {
    pub(super) contact: Option<ContactId>,
}

/// Makes it the state after an event.
pub(super) fn evolve(claim: &mut ContactClaim, event: &Event) {
    claim.contact = match event {
        Event::ContactClaimed { contact } => Some(*contact),
        Event::ContactClaimReleased { .. } => None,
    };
}
