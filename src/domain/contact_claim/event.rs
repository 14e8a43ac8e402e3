use serde::{Deserialize, Serialize};

use crate::{ContactId, StoredEvent};

/// What happened to a value that one contact of an account may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It is a contact's now.
    ContactClaimed {
        /// Whose.
        contact: ContactId,
    },
    /// It belongs to no contact any more.
    ContactClaimReleased {
        /// Whose it was.
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
