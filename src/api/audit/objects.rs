//! What auditors read.

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use projections::history::Step;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event as auditors read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// Within the account.
    position: i64,
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: String,
    event_version: String,
    /// What happened; `[erased]` in place of what was erased, `[unreadable]` in place of what does not open.
    event: Value,
    /// Who, from where, in which request.
    metadata: Value,
    /// SHA-256 of the digest before and this event, in hexadecimal.
    digest: String,
}

impl From<&RecordedEvent> for Event {
    fn from(event: &RecordedEvent) -> Self {
        Self {
            position: event.account_position.get(),
            event_id: event.event_id,
            recorded_at: event.recorded_at,
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            event: event.shown_to_people(),
            // It was written as JSON by this program.
            metadata: serde_json::from_str(&event.metadata).unwrap_or_default(),
            digest: event_store::to_hex(&event.digest),
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    pub(super) data: Vec<Event>,
    /// For `after` of the next page; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}

/// What changed, event by event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Steps {
    #[schema(value_type = Vec<Object>)]
    pub(super) data: Vec<Step>,
    /// For `from` of the next page; left out when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}
