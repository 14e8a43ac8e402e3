use serde::{Deserialize, Serialize};

use crate::{ContactId, StoredEvent};

/// Events of a value that only one contact of an account may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// A contact claimed the value: an e-mail address, a phone number or an identifier.
    ContactClaimed {
        /// The contact that holds the value now.
        contact: ContactId,
    },
    /// The contact that held the value released it.
    ContactClaimReleased {
        /// The contact that held the value.
        contact: ContactId,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::ContactClaimed { .. } => "ContactClaimed",
            Self::ContactClaimReleased { .. } => "ContactClaimReleased",
        }
    }
}
