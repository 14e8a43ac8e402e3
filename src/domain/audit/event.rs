use serde::{Deserialize, Serialize};

use crate::{ConversationId, StoredEvent};

/// The part of an audit trail that is read.
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

/// Events of an audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// A conversation's audit trail was read; the event's metadata says by whom.
    AuditTrailRead {
        /// The conversation whose trail was read.
        conversation: ConversationId,
        /// The part that was read.
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
