use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use domain::Unreadable;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

use crate::Error;
use crate::sealing::{ERASED, EventKey, Keys, UNREADABLE, bare, open_payload};

/// One event as the log holds it.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its number over all streams: 1, 2, 3 … in commit order.
    pub position: i64,
    /// Unique over everything, and the message id on NATS.
    pub event_id: Uuid,
    /// The tenant.
    pub account: i64,
    /// Its number within the account: 1, 2, 3 …
    pub account_position: i64,
    /// `conversation`, `participation`, `user` or `audit`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// The conversation that it belongs to; `None` for events of the directory.
    pub conversation_id: Option<Uuid>,
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
    /// The payload with its private values opened, once it was needed and if it has any.
    opened: OnceLock<String>,
}

/// An event with its keys, as they are stored.
#[derive(FromRow)]
pub(crate) struct Row {
    position: i64,
    event_id: Uuid,
    account_id: i64,
    account_position: i64,
    aggregate_type: String,
    aggregate_id: Uuid,
    sequence: i64,
    conversation_id: Option<Uuid>,
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
pub(crate) const SELECT: &str = "select e.position, e.event_id, e.account_id, \
    e.account_position, e.aggregate_type, e.aggregate_id::uuid as aggregate_id, e.sequence, \
    e.conversation_id, e.event_type, e.event_version, \
    e.payload::text as payload, e.metadata::text as metadata, e.recorded_at, e.digest, \
    (select k.wrapped from event_keys k where k.position = e.position) as event_key, \
    (select s.wrapped from stream_keys s \
     where s.aggregate_type = e.aggregate_type and s.aggregate_id = e.aggregate_id) as stream_key \
    from events e";

impl Row {
    /// How much of it was sent by the database, about.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len() + self.metadata.len() + 300
    }

    pub(crate) fn position(&self) -> i64 {
        self.position
    }

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
        })
    }
}

impl RecordedEvent {
    /// The event as today's type reads it; what was erased is `Redacted`.
    ///
    /// # Errors
    /// When the stored JSON is not that type's, or does not open with its key.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, Error> {
        let opened = self.opened()?;
        let decoded = if domain::is_outdated(&self.event_type, &self.event_version) {
            serde_json::from_str(opened).and_then(|payload| {
                let payload = domain::upcast(&self.event_type, &self.event_version, payload);
                serde_json::from_value(payload)
            })
        } else {
            serde_json::from_str(opened)
        };
        decoded.map_err(|source| self.undecodable(source.into()))
    }

    /// The event, whatever aggregate it is of; what was erased is `Redacted`.
    ///
    /// # Errors
    /// When this version does not know it, or it does not open with its key.
    pub fn event(&self) -> Result<domain::Event, Error> {
        let (aggregate_type, event_type) = (&self.aggregate_type, &self.event_type);
        domain::Event::read(aggregate_type, event_type, &self.event_version, self.opened()?)
            .map_err(|error| match error {
                Unreadable::UnknownType(aggregate_type) => {
                    Error::UnknownType { position: self.position, aggregate_type }
                }
                source => self.undecodable(source),
            })
    }

    /// The event as others see it: plain JSON, with [`ERASED`] in place of what was erased.
    ///
    /// # Errors
    /// When the stored JSON does not open with its key.
    pub fn shown(&self) -> Result<Cow<'_, str>, Error> {
        bare(self.opened()?, self.instead).map_err(|source| self.undecodable(source.into()))
    }

    /// The same as a JSON value, for people; or, in its place, why it cannot be shown.
    pub fn shown_or_unreadable(&self) -> serde_json::Value {
        match self.shown().map(|shown| serde_json::from_str(&shown)) {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => serde_json::json!({ "unreadable": error.to_string() }),
            Err(error) => serde_json::json!({ "unreadable": crate::causes(&error) }),
        }
    }

    /// The same event after its key is gone.
    pub(crate) fn erased(&self) -> Self {
        Self { key: None, opened: OnceLock::new(), instead: ERASED, ..self.clone() }
    }

    /// Opened once: whoever asks again gets the same text.
    fn opened(&self) -> Result<&str, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        match open_payload(self.event_id, &self.payload, self.key.as_ref())? {
            Cow::Borrowed(stored) => Ok(stored),
            Cow::Owned(opened) => Ok(self.opened.get_or_init(|| opened)),
        }
    }

    fn undecodable(&self, source: Unreadable) -> Error {
        Error::Undecodable {
            stream: format!("{}/{}", self.aggregate_type, self.aggregate_id),
            sequence: self.sequence,
            position: self.position,
            source,
        }
    }

    /// One value of the metadata.
    pub fn metadata_value(&self, key: &str) -> Option<String> {
        let mut map: HashMap<String, String> = serde_json::from_str(&self.metadata).ok()?;
        map.remove(key)
    }
}
