use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use chrono::SecondsFormat;
use event_store::RecordedEvent;

/// `<prefix>.v1.<account>.<conversation or directory>.<EventType>`.
pub(crate) fn subject(prefix: &str, event: &RecordedEvent) -> String {
    let topic = event
        .conversation_id
        .map_or_else(|| "directory".to_owned(), |conversation| conversation.to_string());
    format!("{prefix}.v1.{}.{topic}.{}", event.account, event.event_type)
}

/// CloudEvents 1.0 in binary mode (the NATS protocol binding), our own numbers, and the fence: the one place where the
/// message may be stored.
pub(crate) fn headers(event: &RecordedEvent, stream: &str) -> HeaderMap {
    let subject = event.conversation_id.unwrap_or(event.aggregate_id);
    let mut headers = HeaderMap::new();
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", event.event_id.to_string());
    headers.insert("ce-source", format!("/colloquy/{}", event.account));
    headers.insert(
        "ce-type",
        format!("colloquy.{}.{}.v{}", event.aggregate_type, event.event_type, event.event_version),
    );
    headers.insert("ce-time", event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true));
    headers.insert("ce-subject", subject.to_string());
    headers.insert("content-type", "application/json");
    headers.insert("Colloquy-Position", event.position.to_string());
    headers.insert("Colloquy-Account-Position", event.account_position.to_string());
    headers.insert("Colloquy-Sequence", event.sequence.to_string());
    if let Some(traceparent) = event.metadata_value("traceparent") {
        headers.insert("traceparent", traceparent);
    }
    headers.insert(NATS_MESSAGE_ID, event.event_id.to_string());
    headers.insert(NATS_EXPECTED_STREAM, stream);
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, (event.position - 1).to_string());
    headers
}
