use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

/// One event as the log holds it.
#[derive(Debug, Clone, FromRow)]
pub struct RecordedEvent {
    /// Its number over all streams: 1, 2, 3 … in commit order.
    pub position: i64,
    /// Unique over everything, and the message id on NATS.
    pub event_id: Uuid,
    /// The tenant.
    #[sqlx(rename = "account_id")]
    pub account: i64,
    /// `conversation`, `participation` or `user`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// `MessagePosted`, `ConversationPinned` …
    pub event_type: String,
    /// The version of the event's shape.
    pub event_version: String,
    /// The event, a JSON object.
    pub payload: String,
    /// Who, from where, in which request: a JSON object of strings.
    pub metadata: String,
    /// The database's clock at the append.
    pub recorded_at: DateTime<Utc>,
}

/// The columns of [`RecordedEvent`], in SQL.
pub(crate) const COLUMNS: &str = "position, event_id, account_id, aggregate_type, \
    aggregate_id::uuid as aggregate_id, sequence, event_type, event_version, \
    payload::text as payload, metadata::text as metadata, recorded_at";

impl RecordedEvent {
    /// The conversation that the event belongs to: its stream, or the payload's `conversation` where the
    /// stream is one member's. Directory events have none.
    pub fn conversation_id(&self) -> Option<Uuid> {
        #[derive(serde::Deserialize)]
        struct Member {
            conversation: Uuid,
        }
        match self.aggregate_type.as_str() {
            "conversation" => Some(self.aggregate_id),
            "participation" => {
                serde_json::from_str::<Member>(&self.payload).ok().map(|m| m.conversation)
            }
            _ => None,
        }
    }

    /// One value of the metadata.
    pub fn metadata_value(&self, key: &str) -> Option<String> {
        let mut map: std::collections::HashMap<String, String> =
            serde_json::from_str(&self.metadata).ok()?;
        map.remove(key)
    }
}
