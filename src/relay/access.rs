//! What Colloquy and those who read its stream need of a NATS server, for one that lets no user do
//! more.

use crate::signals::{PRESENCE, TYPING};

/// First token of the subjects of history that is published once more, unless another one is given.
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

/// What a reader may listen to that is in no stream.
pub fn heard_by_readers(prefix: &str) -> Vec<String> {
    vec![format!("{prefix}.{TYPING}.>")]
}

/// What a reader may ask for: the stream and how it is, its messages, the consumers that there are,
/// and that they have been read. Nothing here changes the stream, nor makes a consumer: one that
/// pushes would send the stream's messages to any subject of Colloquy's account that it names.
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

/// The same where one question has several answers.
pub fn asked_by_readers_for_several(stream: &str) -> Vec<String> {
    [
        format!("$JS.API.DIRECT.GET.{stream}"),
        format!("$JS.API.DIRECT.GET.{stream}.>"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.*"),
    ]
    .into()
}
