use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

use crate::Error;
use crate::sealing::{ERASED, EventKey, Form, Keys, UNREADABLE, open_payload};

/// One event as the log holds it.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its number over all streams: 1, 2, 3 … in commit order.
    pub position: i64,
    /// Unique over everything, and the message id on NATS.
    pub event_id: Uuid,
    /// The tenant.
    pub account: i64,
    /// `conversation`, `participation`, `user` or `audit`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// `MessagePosted`, `ConversationPinned` …
    pub event_type: String,
    /// The version of the event's shape.
    pub event_version: String,
    /// The event as it is stored: a JSON object, its private values sealed.
    pub payload: String,
    /// Who, from where, in which request: a JSON object of strings.
    pub metadata: String,
    /// The database's clock at the append.
    pub recorded_at: DateTime<Utc>,
    /// SHA-256 over the digest before it and all of the above.
    pub digest: Vec<u8>,
    key: Option<EventKey>,
    instead: &'static str,
}

/// An event with its keys, as they are stored.
#[derive(FromRow)]
pub(crate) struct Row {
    position: i64,
    event_id: Uuid,
    account_id: i64,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    recorded_at: DateTime<Utc>,
    digest: Vec<u8>,
    event_key: Option<Vec<u8>>,
    stream_key: Option<Vec<u8>>,
}

/// The columns of a [`Row`], from `events e` and its keys. Each key is looked up: a join might be merged, which
/// reads the keys of the whole log for its last few events when the statistics are old.
pub(crate) const SELECT: &str = "select e.position, e.event_id, e.account_id, e.aggregate_type, \
    e.aggregate_id::uuid as aggregate_id, e.sequence, e.event_type, e.event_version, \
    e.payload::text as payload, e.metadata::text as metadata, e.recorded_at, e.digest, \
    (select k.wrapped from event_keys k where k.position = e.position) as event_key, \
    (select s.wrapped from stream_keys s \
     where s.aggregate_type = e.aggregate_type and s.aggregate_id = e.aggregate_id) as stream_key \
    from events e";

impl Row {
    pub(crate) async fn with_keys(self, keys: &Keys) -> Result<RecordedEvent, Error> {
        let key = match (&self.event_key, &self.stream_key) {
            (Some(event_key), Some(stream_key)) => {
                let stream = format!("{}/{}", self.aggregate_type, self.aggregate_id);
                match keys.unwrap(&stream, stream_key).await? {
                    Some(stream) => Some(stream.unwrap_event_key(self.event_id, event_key)?),
                    None => None,
                }
            }
            _ => None,
        };
        Ok(RecordedEvent {
            // Whoever has no master key cannot tell what is erased from what is only sealed, but for keys
            // that are gone.
            instead: if self.event_key.is_some() { UNREADABLE } else { ERASED },
            key,
            position: self.position,
            event_id: self.event_id,
            account: self.account_id,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            payload: self.payload,
            metadata: self.metadata,
            recorded_at: self.recorded_at,
            digest: self.digest,
        })
    }
}

impl RecordedEvent {
    /// The event as today's type reads it; what was erased is `Redacted`.
    ///
    /// # Errors
    /// When the stored JSON is not that type's, or does not open with its key.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, Error> {
        let undecodable = |source| Error::Undecodable {
            stream: format!("{}/{}", self.aggregate_type, self.aggregate_id),
            sequence: self.sequence,
            position: self.position,
            source,
        };
        let opened = open_payload(self.event_id, &self.payload, self.key.as_ref(), Form::Typed)?;
        if domain::is_outdated(&self.event_type, &self.event_version) {
            let payload = serde_json::from_str(&opened).map_err(undecodable)?;
            let payload = domain::upcast(&self.event_type, &self.event_version, payload);
            return serde_json::from_value(payload).map_err(undecodable);
        }
        serde_json::from_str(&opened).map_err(undecodable)
    }

    /// The event as others see it: plain JSON, with [`ERASED`] in place of what was erased.
    ///
    /// # Errors
    /// When the stored JSON does not open with its key.
    pub fn shown(&self) -> Result<Cow<'_, str>, Error> {
        open_payload(self.event_id, &self.payload, self.key.as_ref(), Form::Bare(self.instead))
    }

    /// The conversation that the event belongs to: its stream, or the payload's `conversation` where the
    /// stream is one member's or the auditors'. Directory events have none.
    pub fn conversation_id(&self) -> Option<Uuid> {
        #[derive(serde::Deserialize)]
        struct Of {
            conversation: Uuid,
        }
        match self.aggregate_type.as_str() {
            "conversation" => Some(self.aggregate_id),
            "participation" | "audit" => {
                serde_json::from_str::<Of>(&self.payload).ok().map(|of| of.conversation)
            }
            _ => None,
        }
    }

    /// One value of the metadata.
    pub fn metadata_value(&self, key: &str) -> Option<String> {
        let mut map: HashMap<String, String> = serde_json::from_str(&self.metadata).ok()?;
        map.remove(key)
    }
}
