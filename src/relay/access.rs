//! The permissions on a NATS server that Colloquy and the readers of its stream need, for a server
//! that grants no more.

use crate::signals::{PRESENCE, TYPING};

/// Default first token of the subjects to which history is published again.
pub const HISTORY: &str = "replay";

/// Subjects that Colloquy publishes to.
pub fn published(prefix: &str, stream: &str) -> Vec<String> {
    vec![
        format!("{prefix}.v1.>"),
        format!("{prefix}.hint"),
        format!("{prefix}.{TYPING}.>"),
        format!("{prefix}.{PRESENCE}"),
        format!("{HISTORY}.*.v1.>"),
        "$JS.API.>".to_owned(),
        format!("$JS.ACK.{stream}.>"),
    ]
}

/// Subjects outside the stream that a reader may subscribe to.
pub fn heard_by_readers(prefix: &str) -> Vec<String> {
    vec![format!("{prefix}.{TYPING}.>")]
}

/// Requests that a reader may make: the stream's state, its messages, its consumers, and
/// acknowledgements. None changes the stream or creates a consumer: a push consumer would send the
/// stream's messages to any subject of Colloquy's account that it names.
pub fn asked_by_readers(stream: &str) -> Vec<String> {
    [
        "$JS.API.INFO".to_owned(),
        "$JS.API.STREAM.NAMES".to_owned(),
        "$JS.API.STREAM.LIST".to_owned(),
        format!("$JS.API.STREAM.INFO.{stream}"),
        format!("$JS.API.STREAM.MSG.GET.{stream}"),
        format!("$JS.API.CONSUMER.NAMES.{stream}"),
        format!("$JS.API.CONSUMER.LIST.{stream}"),
        format!("$JS.API.CONSUMER.INFO.{stream}.*"),
        format!("$JS.ACK.{stream}.>"),
    ]
    .into()
}

/// The same for requests with several responses.
pub fn asked_by_readers_for_several(stream: &str) -> Vec<String> {
    [
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.*"),
    ]
    .into()
}
