use serde::{Deserialize, Serialize};

use crate::{ConversationId, StoredEvent};

/// What of a trail is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The events themselves.
    Events,
    /// The state at a moment.
    State,
    /// What changed between two moments.
    Diff,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// The trail was read; by whom is in the metadata.
    AuditTrailRead {
        /// Whose trail.
        conversation: ConversationId,
        /// What of it.
        part: Part,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::AuditTrailRead { .. } => "AuditTrailRead",
        }
    }
}
