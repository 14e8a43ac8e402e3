use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use domain::{AccountId, AccountPosition, ConversationId, Position};
use uuid::Uuid;

use super::{RecordedEvent, stored_bytes};
use crate::sealing::{ERASED, EventKey, Keys, STILL_SEALED};

/// An event with its keys, as they are stored.
pub(crate) struct Row {
    position: Position,
    event_id: Uuid,
    account_id: AccountId,
    account_position: AccountPosition,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    conversation_id: Option<ConversationId>,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    recorded_at: DateTime<Utc>,
    digest: Vec<u8>,
    event_key: Option<Vec<u8>>,
    stream_key: Option<Vec<u8>>,
}

crate::from_row!(Row {
    position,
    event_id,
    account_id,
    account_position,
    aggregate_type,
    aggregate_id,
    sequence,
    conversation_id,
    event_type,
    event_version,
    payload,
    metadata,
    recorded_at,
    digest,
    event_key,
    stream_key,
});

/// The columns of a [`Row`], from `events e` and its keys. The keys come from subqueries: for a
/// join the planner may choose a merge join when statistics are old, which reads the keys of the
/// whole log for its last few events.
pub(crate) const SELECT: &str = "select e.position, e.event_id, e.account_id, \
    e.account_position, e.aggregate_type, e.aggregate_id::uuid as aggregate_id, e.sequence, \
    e.conversation_id, e.event_type, e.event_version, \
    e.payload::text as payload, e.metadata::text as metadata, e.recorded_at, e.digest, \
    (select k.wrapped from event_keys k where k.position = e.position) as event_key, \
    (select s.wrapped from stream_keys s \
     where s.aggregate_type = e.aggregate_type and s.aggregate_id = e.aggregate_id) as stream_key \
    from events e";

impl Row {
    /// Approximately how many bytes the database sent for it.
    pub(crate) fn bytes(&self) -> usize {
        stored_bytes(&self.payload, &self.metadata)
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// A key that does not open affects only this event: its private values cannot be read.
    pub(crate) fn with_keys(self, keys: &Keys) -> RecordedEvent {
        RecordedEvent {
            // Without the master key, erased values can be told from encrypted ones only by their
            // missing event key.
            instead: if self.event_key.is_some() { STILL_SEALED } else { ERASED },
            key: self.key(keys),
            opened: OnceLock::new(),
            position: self.position,
            event_id: self.event_id,
            account: self.account_id,
            account_position: self.account_position,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            conversation_id: self.conversation_id,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            metadata: self.metadata,
            recorded_at: self.recorded_at,
            digest: self.digest,
        }
    }

    fn key(&self, keys: &Keys) -> Result<Option<EventKey>, &'static str> {
        let (Some(event_key), Some(stream_key)) = (&self.event_key, &self.stream_key) else {
            return Ok(None);
        };
        let stream = format!("{}/{}", self.aggregate_type, self.aggregate_id);
        let stream = keys.unwrap(&stream, stream_key).map_err(|_| "the key of its stream")?;
        let Some(stream) = stream else { return Ok(None) };
        stream.unwrap_event_key(self.event_id, event_key).map(Some).ok_or("its own key")
    }
}
