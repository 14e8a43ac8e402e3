//! The objects of the audit trail.

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use projections::history::Step;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::description::schema;

/// An event in the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Event {
    /// The position within the account.
    position: i64,
    event_id: Uuid,
    recorded_at: DateTime<Utc>,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: String,
    event_version: String,
    /// What happened; `[erased]` in place of erased values, `[unreadable]` in place of values that
    /// cannot be decrypted.
    #[schema(value_type = Object)]
    event: Value,
    #[schema(value_type = Metadata)]
    metadata: Value,
    /// SHA-256 over the previous event's digest and this event, in hexadecimal.
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
            event: event.reveal_as_value(),
            // Always valid: this program wrote it as JSON.
            metadata: serde_json::from_str(&event.metadata).unwrap_or_default(),
            digest: event_store::to_hex(&event.digest),
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    pub(super) data: Vec<Event>,
    /// The `after` of the next page; left out on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}

/// The changes, event by event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Steps {
    #[schema(value_type = Vec<DescribedStep>)]
    pub(super) data: Vec<Step>,
    /// The `from` of the next page; left out on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}

schema! {
    /// The actor, the surface and the request.
    Metadata = json!({
        "type": "object",
        "required": [
            "account", "actor", "command", "occurred_at", "request_id", "role", "surface",
        ],
        "properties": {
            "account": { "type": "string" },
            "actor": { "type": "string", "description": "A uid" },
            "causation_id": {
                "type": "string",
                "description": "The event that caused the command",
            },
            "command": { "type": "string" },
            "idempotency_key": { "type": "string" },
            "occurred_at": { "type": "string", "format": "date-time" },
            "request_id": { "type": "string" },
            "role": { "type": "string" },
            "surface": { "type": "string", "enum": surfaces() },
            "traceparent": { "type": "string" },
        },
    })
}

/// The surfaces, by the names that are stored in events.
fn surfaces() -> Value {
    use event_store::Surface::*;
    json!([Weavy, Protocol, Pulse, Chatwoot, Audit, Cli, Reaction])
}

schema! {
    /// The changes of one event.
    DescribedStep = json!({
        "type": "object",
        "required": [
            "position", "recorded_at", "event_type", "actor", "request_id", "command", "event",
            "changes",
        ],
        "properties": {
            "position": {
                "type": "integer",
                "format": "int64",
                "description": "Within the account",
            },
            "recorded_at": { "type": "string", "format": "date-time" },
            "event_type": { "type": "string" },
            "actor": { "type": "string", "description": "A uid" },
            "request_id": { "type": "string" },
            "command": { "type": "string" },
            "event": { "type": "object", "description": "As in the list of events" },
            "changes": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["path"],
                    "properties": {
                        "path": {
                            "type": "string",
                            "description": "Where it is in the state, its parts joined by dots",
                        },
                        "before": { "description": "Left out when it was not there" },
                        "after": { "description": "Left out when it is gone" },
                    },
                },
            },
        },
    })
}

schema! {
    /// A conversation as it was. Properties that it did not have are left out, and `[erased]`
    /// stands in place of values erased since.
    State = json!({
        "type": "object",
        "required": [
            "conversation", "id", "kind", "members", "message_count", "position", "recorded_at",
        ],
        "properties": {
            "conversation": { "type": "string", "format": "uuid" },
            "position": {
                "type": "integer", "format": "int64",
                "description": "Within the account, of the newest event that is part of it",
            },
            "recorded_at": {
                "type": "string", "format": "date-time", "description": "When that was",
            },
            "id": { "type": "integer", "format": "int64" },
            "kind": { "type": "string", "enum": domain::conversation::Kind::ALL },
            "uid": { "type": "string" },
            "name": { "type": "string" },
            "description": { "type": "string" },
            "metadata": { "oneOf": [{ "type": "object" }, { "type": "string" }] },
            "tags": tags(),
            "avatar_url": { "type": "string" },
            "created_at": { "type": "string", "format": "date-time" },
            "created_by": { "type": "string", "description": "A uid" },
            "deleted_at": { "type": "string", "format": "date-time" },
            "deleted_by": { "type": "string", "description": "A uid" },
            "trashed": { "type": "boolean" },
            "pinned_message": { "type": "string", "format": "uuid" },
            "message_count": { "type": "integer", "minimum": 0 },
            "last_message": {
                "type": "object",
                "required": ["author", "id", "text"],
                "properties": {
                    "id": { "type": "integer", "format": "int64" },
                    "author": { "type": "string", "description": "A uid" },
                    "text": { "type": ["string", "null"] },
                },
            },
            "members": {
                "description": "Each one's own state by uid, or the uids alone where `member` is \
                                given",
                "oneOf": [
                    { "type": "object", "additionalProperties": member() },
                    { "type": "array", "items": { "type": "string" } },
                ],
            },
            "seen_by": { "type": "string", "description": "The uid that `member` gave" },
            "own": member(),
            "unreadable_positions": {
                "type": "array",
                "items": { "type": "integer", "format": "int64" },
                "description": "Events that cannot be read, and so are not part of it",
            },
        },
    })
}

fn tags() -> Value {
    let tags = json!({ "type": "array", "items": { "type": "string" } });
    json!({ "oneOf": [tags, { "type": "string" }] })
}

/// A member's own state.
fn member() -> Value {
    json!({
        "type": "object",
        "required": [
            "is_unread", "marked_unread", "muted", "pinned", "since", "starred", "unsubscribed",
        ],
        "properties": {
            "since": {
                "type": "integer", "format": "int64",
                "description": "The position of the event that let the member in",
            },
            "is_unread": { "type": "boolean" },
            "marker": {
                "type": "integer", "format": "int64",
                "description": "The message that they have read up to",
            },
            "marked_unread": { "type": "boolean" },
            "pinned": { "type": "boolean" },
            "muted": { "type": "boolean" },
            "muted_until": { "type": "string", "format": "date-time" },
            "archived_at": { "type": "string", "format": "date-time" },
            "starred": { "type": "boolean" },
            "unsubscribed": { "type": "boolean" },
        },
    })
}
