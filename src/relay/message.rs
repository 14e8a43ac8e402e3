use std::borrow::Cow;
use std::collections::BTreeSet;

use async_nats::header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::{HeaderMap, HeaderName};
use chrono::SecondsFormat;
use event_store::{
    ERASED, Facts, LogEvent, RecordedEvent, STILL_SEALED, UNREADABLE, UserId, quarantined_between,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, Payload};

/// `<prefix>.v1.<account>.<conversation or directory>.<EventType>`.
pub(crate) fn subject(prefix: &str, event: &RecordedEvent) -> String {
    let topic = event
        .conversation_id
        .map_or_else(|| "directory".to_owned(), |conversation| conversation.to_string());
    format!("{prefix}.v1.{}.{topic}.{}", event.account, event.event_type)
}

/// The event as JSON. If some of it cannot be decrypted, the rest of it, but only once an operator
/// has quarantined its position.
pub(crate) async fn payload<'a>(
    pool: &PgPool,
    event: &'a RecordedEvent,
    payload: Payload,
) -> Result<Cow<'a, str>, Error> {
    let shown = match payload {
        Payload::Full => event.reveal(),
        Payload::Sealed => event.redacted(),
        Payload::Metadata => return Ok(type_alone(event).into()),
    };
    let source = match shown {
        Ok(shown) => return Ok(shown),
        Err(source) => source,
    };
    let position = event.position;
    let quarantined = quarantined_between(pool, position - 1, position).await?;
    if quarantined.is_empty() {
        return Err(Error::Unreadable { position, source });
    }
    Ok(event.reveal_in_part())
}

fn type_alone(event: &RecordedEvent) -> String {
    serde_json::json!({ "type": event.event_type }).to_string()
}

/// Whether a payload is one that was, or would be, published for an event. Values that this reader
/// or the publisher had no key for count as equal, and so do another order of names and the other
/// variants of [`Payload`]: an older version or other settings may have written it.
pub(crate) fn tells(payload: &[u8], event: &RecordedEvent) -> bool {
    let shown = event.reveal_in_part();
    if payload == shown.as_bytes() {
        return true;
    }
    let object = |json: &[u8]| serde_json::from_slice::<Map<String, Value>>(json).ok();
    let (Some(told), Some(shown)) = (object(payload), object(shown.as_bytes())) else {
        return false;
    };
    if told.len() == 1 && told.get("type").is_some_and(|told| *told == event.event_type) {
        return true;
    }
    let stands_for_any =
        |value: &Value| [ERASED, STILL_SEALED, UNREADABLE].iter().any(|instead| value == instead);
    told.len() == shown.len()
        && told.iter().all(|(name, told)| {
            let is_private = event.is_private(name);
            shown.get(name).is_some_and(|shown| {
                told == shown || is_private && (stands_for_any(told) || stands_for_any(shown))
            })
        })
}

/// CloudEvents 1.0 in binary mode (the NATS protocol binding), and facts that a reader would
/// otherwise have to look up.
pub(crate) fn headers(event: &LogEvent, payload: Payload, facts: &Facts) -> HeaderMap {
    let LogEvent { recorded: event, event: decoded, .. } = event;
    let subject = event.conversation_id.map_or(event.aggregate_id, Uuid::from);
    let kind =
        format!("colloquy.{}.{}.v{}", event.aggregate_type, event.event_type, event.event_version);
    let recorded_at = event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut headers = HeaderMap::new();
    // A constant name is not copied for each message.
    let mut set = |name: &'static str, value: String| {
        headers.insert(HeaderName::from_static(name), value);
    };
    set("ce-specversion", "1.0".to_owned());
    set("ce-id", event.event_id.to_string());
    set("ce-source", format!("/colloquy/{}", event.account));
    set("ce-type", kind);
    set("ce-time", recorded_at);
    set("ce-subject", subject.to_string());
    if payload != Payload::Metadata && decoded.is_ok() {
        set("ce-dataschema", schema(&event.event_type, &event.event_version));
    }
    set("content-type", "application/json".to_owned());
    set("Colloquy-Position", event.position.to_string());
    set("Colloquy-Account", event.account.to_string());
    set("Colloquy-Account-Position", event.account_position.to_string());
    set("Colloquy-Sequence", event.sequence.to_string());
    if let Some(conversation) = event.conversation_id {
        set("Colloquy-Conversation", conversation.to_string());
        if let Some(number) = facts.number(conversation) {
            set("Colloquy-Conversation-Number", number.to_string());
        }
    }
    let origin: Origin = serde_json::from_str(&event.metadata).unwrap_or_default();
    for (name, value) in [
        ("Colloquy-Actor", origin.actor),
        ("Colloquy-Request-Id", origin.request_id),
        ("Colloquy-Causation-Id", origin.causation_id),
        ("traceparent", origin.traceparent),
    ] {
        let value = value.map(|value| utf8_percent_encode(&value, NOT_IN_HEADERS).to_string());
        if let Some(value) = value.filter(|value| value.len() <= VALUE_BYTES_MAX) {
            set(name, value);
        }
    }
    let users = decoded.as_ref().map_or_else(|_| vec![], |decoded| decoded.users());
    let users = users_and_uids(&users, facts);
    if !users.is_empty() {
        set("Colloquy-Users", users);
    }
    headers.insert(NATS_MESSAGE_ID, event.event_id.to_string());
    headers
}

/// Makes the broker store the message under this sequence number of this stream, or refuse it.
pub(crate) fn fence(headers: &mut HeaderMap, stream: &str, sequence: i64) {
    headers.insert(NATS_EXPECTED_STREAM, stream);
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, (sequence - 1).to_string());
}

/// The name of a schema, in the catalogue and in the header of each of its events.
fn schema(event_type: &str, event_version: &str) -> String {
    format!("urn:colloquy:event:{event_type}:{event_version}")
}

/// What the headers tell of the event's metadata.
#[derive(Default, Deserialize)]
struct Origin<'a> {
    #[serde(borrow)]
    actor: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    causation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    traceparent: Option<Cow<'a, str>>,
}

/// What CloudEvents percent-encodes in the value of a header, besides all that is not ASCII:
/// controls, space, `"` and `%`.
const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');
/// Encoded in lists too: the separators.
const NOT_IN_LISTS: &AsciiSet = &NOT_IN_HEADERS.add(b',').add(b'=');

/// Longest value of a header. The largest payload leaves 28,000 bytes for all headers.
const VALUE_BYTES_MAX: usize = 4_000;
const USERS_BYTES_MAX: usize = 8_000;
/// Most users who could fit, with an id, a uid of one character and two separators each; the
/// creator of a conversation may be named twice.
pub(crate) const USERS_MAX: usize = USERS_BYTES_MAX / (36 + 1 + 2) + 2;

/// `<id>=<uid>` of the named users, separated by commas: as many as fit.
fn users_and_uids(users: &[UserId], facts: &Facts) -> String {
    let mut written = String::new();
    let mut seen = BTreeSet::new();
    for user in users {
        let Some(uid) = facts.uid(*user).filter(|_| seen.insert(*user)) else { continue };
        let comma = if written.is_empty() { "" } else { "," };
        let next = format!("{comma}{user}={}", utf8_percent_encode(uid, NOT_IN_LISTS));
        if written.len() + next.len() > USERS_BYTES_MAX {
            break;
        }
        written += &next;
    }
    written
}
