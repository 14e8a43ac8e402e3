use std::borrow::Cow;

use async_nats::header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::{HeaderMap, HeaderName};
use chrono::SecondsFormat;
use event_store::{RecordedEvent, quarantined_between};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Error;

/// `<prefix>.v1.<account>.<conversation or directory>.<EventType>`.
pub(crate) fn subject(prefix: &str, event: &RecordedEvent) -> String {
    let topic = event
        .conversation_id
        .map_or_else(|| "directory".to_owned(), |conversation| conversation.to_string());
    format!("{prefix}.v1.{}.{topic}.{}", event.account, event.event_type)
}

/// The event as JSON, its private values in the clear. Of one that does not open, what does, once an operator lets all
/// who follow the log go on behind it.
pub(crate) async fn payload<'a>(
    pool: &PgPool,
    event: &'a RecordedEvent,
) -> Result<Cow<'a, str>, Error> {
    let source = match event.shown() {
        Ok(shown) => return Ok(shown),
        Err(source) => source,
    };
    let position = event.position;
    let quarantined = quarantined_between(pool, position - 1, position).await?;
    if quarantined.is_empty() {
        return Err(Error::Unreadable { position, source });
    }
    Ok(event.shown_in_part())
}

/// CloudEvents 1.0 in binary mode (the NATS protocol binding), our own numbers, and the fence: the one place where the
/// message may be stored.
pub(crate) fn headers(event: &RecordedEvent, stream: &str) -> HeaderMap {
    let subject = event.conversation_id.map_or(event.aggregate_id, Uuid::from);
    let kind =
        format!("colloquy.{}.{}.v{}", event.aggregate_type, event.event_type, event.event_version);
    let recorded_at = event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut headers = HeaderMap::new();
    // A name that is a constant is not copied for each message.
    let mut set = |name: &'static str, value: String| {
        headers.insert(HeaderName::from_static(name), value);
    };
    set("ce-specversion", "1.0".to_owned());
    set("ce-id", event.event_id.to_string());
    set("ce-source", format!("/colloquy/{}", event.account));
    set("ce-type", kind);
    set("ce-time", recorded_at);
    set("ce-subject", subject.to_string());
    set("content-type", "application/json".to_owned());
    set("Colloquy-Position", event.position.to_string());
    set("Colloquy-Account-Position", event.account_position.to_string());
    set("Colloquy-Sequence", event.sequence.to_string());
    if let Some(traceparent) = event.metadata_value("traceparent") {
        set("traceparent", traceparent);
    }
    headers.insert(NATS_MESSAGE_ID, event.event_id.to_string());
    headers.insert(NATS_EXPECTED_STREAM, stream);
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, (event.position - 1).to_string());
    headers
}
