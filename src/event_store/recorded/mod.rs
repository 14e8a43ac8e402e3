mod row;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use domain::{AccountId, AccountPosition, ConversationId, Position, Unreadable};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::sealing::{
    ERASED, EventKey, Opened, STILL_SEALED, UNREADABLE, bare, is_sealed, open_payload,
};
use crate::{Error, NewEvent};

pub(crate) use row::{Row, SELECT};

/// One event as the log holds it.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// Its number over all streams: 1, 2, 3 … in commit order.
    pub position: Position,
    /// Globally unique, and the message id on NATS.
    pub event_id: Uuid,
    pub account: AccountId,
    /// Its number within the account: 1, 2, 3 …
    pub account_position: AccountPosition,
    /// [`domain::Decider::TYPE`] of its aggregate: `conversation`, `participation`, `user` …
    pub aggregate_type: String,
    pub aggregate_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// The conversation that it belongs to; `None` for events of the directory.
    pub conversation_id: Option<ConversationId>,
    /// `MessagePosted`, `ConversationPinned` …
    pub event_type: String,
    /// The version of the event's shape.
    pub event_version: String,
    /// The event as it is stored: a JSON object, its private values encrypted.
    pub payload: String,
    /// Who, from where, in which request: a JSON object of strings.
    pub metadata: String,
    /// The database's clock at the append.
    pub recorded_at: DateTime<Utc>,
    /// SHA-256 over the digest before it and all of the above.
    pub digest: Vec<u8>,
    /// `None` if the key was erased or the reader has no master key; an error names the key that
    /// does not open.
    key: Result<Option<EventKey>, &'static str>,
    instead: &'static str,
    /// The payload with its private values decrypted, set on first use if it has any.
    opened: OnceLock<Opened>,
}

/// The columns of an event that are known only once it is appended.
pub(crate) struct Placement {
    pub(crate) position: Position,
    pub(crate) account: AccountId,
    pub(crate) account_position: AccountPosition,
    pub(crate) aggregate_type: &'static str,
    pub(crate) aggregate_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) digest: Vec<u8>,
}

impl RecordedEvent {
    /// An event that was appended, equal to what reading its row would give; `sealed` is its key
    /// and its decrypted payload.
    pub(crate) fn appended(
        event: NewEvent,
        sealed: Option<(EventKey, Opened)>,
        placement: Placement,
    ) -> Self {
        let (key, opened) = sealed.unzip();
        Self {
            instead: if key.is_some() { STILL_SEALED } else { ERASED },
            key: Ok(key),
            opened: opened.map_or_else(OnceLock::new, OnceLock::from),
            position: placement.position,
            event_id: event.event_id,
            account: placement.account,
            account_position: placement.account_position,
            aggregate_type: placement.aggregate_type.to_owned(),
            aggregate_id: placement.aggregate_id,
            sequence: placement.sequence,
            conversation_id: event.conversation,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
            recorded_at: placement.recorded_at,
            digest: placement.digest,
        }
    }

    /// Approximately how many bytes the database sends for it.
    pub(crate) fn bytes(&self) -> usize {
        stored_bytes(&self.payload, &self.metadata)
    }

    /// The event as its present type, upcast if it is of an older version; erased values are
    /// `Redacted`.
    ///
    /// # Errors
    /// When the stored JSON does not fit that type, or cannot be decrypted with its key.
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

    /// The event, of whichever aggregate; erased values are `Redacted`.
    ///
    /// # Errors
    /// When this version does not know it, or it cannot be decrypted with its key.
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

    /// The payload as plain JSON with its private values decrypted, and [`ERASED`] in place of
    /// those that were erased ([`STILL_SEALED`] without a master key).
    ///
    /// # Errors
    /// When the stored JSON cannot be decrypted with its key, or its key with that of the stream.
    pub fn reveal(&self) -> Result<Cow<'_, str>, Error> {
        bare(self.opened()?, self.instead).map_err(|source| self.undecodable(source.into()))
    }

    /// As [`Self::reveal`], with [`UNREADABLE`] in place of what cannot be decrypted.
    pub fn reveal_in_part(&self) -> Cow<'_, str> {
        let (opened, unopened) = self.open();
        let instead = if unopened.is_some() { UNREADABLE } else { self.instead };
        // Something that is not JSON is not one of our events, and is shown as it is.
        bare(opened, instead).unwrap_or(Cow::Borrowed(&self.payload))
    }

    /// The payload for readers who must not see private values: plain JSON, with [`STILL_SEALED`]
    /// in place of those that are encrypted, and [`ERASED`] in place of those that were erased.
    ///
    /// # Errors
    /// When the stored payload is not JSON.
    pub fn redacted(&self) -> Result<Cow<'_, str>, Error> {
        let instead = if let Ok(None) = self.key { self.instead } else { STILL_SEALED };
        bare(&self.payload, instead).map_err(|source| self.undecodable(source.into()))
    }

    /// Whether a field of the payload is encrypted in the log.
    pub fn is_private(&self, field: &str) -> bool {
        let stored: Option<serde_json::Value> = serde_json::from_str(&self.payload).ok();
        stored.is_some_and(|stored| {
            let value = stored.get(field).and_then(|value| value.as_object());
            value.is_some_and(|value| value.contains_key(domain::SEALED))
        })
    }

    /// [`Self::reveal_in_part`] as a JSON value, for display.
    pub fn reveal_as_value(&self) -> serde_json::Value {
        serde_json::from_str(&self.reveal_in_part())
            .unwrap_or_else(|error| serde_json::json!({ "unreadable": error.to_string() }))
    }

    /// The same event as it reads once its key is gone.
    pub fn erased(&self) -> Self {
        Self { key: Ok(None), opened: OnceLock::new(), instead: ERASED, ..self.clone() }
    }

    /// Approximate memory of the decoded event, in bytes. Objects and lists take many times the
    /// size of their text; `LEAST` covers the few that every event has.
    pub(crate) fn weight(&self) -> usize {
        const LEAST: usize = 1_200;
        const OF_AN_OBJECT: usize = 600;
        const OF_AN_ITEM: usize = 350;
        let text = self.opened().unwrap_or(&self.payload);
        let beyond = |mark: u8, few: usize| {
            text.bytes().filter(|byte| *byte == mark).count().saturating_sub(few)
        };
        let nested = OF_AN_OBJECT * beyond(b'{', 4) + OF_AN_ITEM * beyond(b',', 16);
        LEAST + 2 * text.len() + nested
    }

    /// Frees the payload, which cannot be read any more.
    pub(crate) fn free_payload(&mut self) {
        (self.payload, self.opened) = (String::new(), OnceLock::new());
    }

    fn opened(&self) -> Result<&str, Error> {
        match self.open() {
            (opened, None) => Ok(opened),
            (_, Some(unopened)) => Err(Error::CannotOpen {
                what: format!(
                    "event at position {}, number {} of stream {}: {unopened}",
                    self.position,
                    self.sequence,
                    self.stream()
                ),
            }),
        }
    }

    /// The payload, decrypted as far as possible, and what cannot be decrypted, if anything.
    /// Decrypted once, so that all callers get the same text.
    fn open(&self) -> (&str, Option<&'static str>) {
        let key = match &self.key {
            _ if !is_sealed(&self.payload) => return (&self.payload, None),
            Ok(Some(key)) => key,
            Ok(None) => return (&self.payload, None),
            Err(key) => return (&self.payload, Some(key)),
        };
        let open = || open_payload(self.event_id, &self.payload, key);
        let Opened { payload, is_whole } = self.opened.get_or_init(open);
        (payload, (!is_whole).then_some("its text"))
    }

    fn stream(&self) -> String {
        format!("{}/{}", self.aggregate_type, self.aggregate_id)
    }

    fn undecodable(&self, source: Unreadable) -> Error {
        Error::Undecodable {
            stream: self.stream(),
            sequence: self.sequence,
            position: self.position,
            source,
        }
    }

    /// One value of the metadata.
    pub fn metadata_value(&self, key: &str) -> Option<String> {
        // Most events have none of the rarer keys, and a substring search costs less than parsing.
        if !self.metadata.contains(key) {
            return None;
        }
        let mut map: HashMap<String, String> = serde_json::from_str(&self.metadata).ok()?;
        map.remove(key)
    }
}

fn stored_bytes(payload: &str, metadata: &str) -> usize {
    payload.len() + metadata.len() + 300
}
