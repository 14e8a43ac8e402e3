use async_nats::jetstream::{self, stream};
use event_store::Log;

use crate::{Error, Settings};

/// Makes the stream if it is missing, and tells where to go on: its last sequence number, which is the log
/// position of its last message.
pub(crate) async fn last_position(
    jetstream: &jetstream::Context,
    settings: &Settings,
    log: &Log,
) -> Result<i64, Error> {
    let name = &settings.stream;
    let unusable = |source: async_nats::Error| Error::Stream { stream: name.clone(), source };
    let config = stream::Config {
        name: name.clone(),
        subjects: vec![format!("{}.v1.>", settings.subject_prefix)],
        storage: stream::StorageType::File,
        allow_direct: true,
        ..stream::Config::default()
    };
    let mut stream =
        jetstream.get_or_create_stream(config).await.map_err(|error| unusable(error.into()))?;
    let last = stream.info().await.map_err(|error| unusable(error.into()))?.state.last_sequence;
    let last = last as i64;
    let head = log.head().await?;
    if last > head {
        let why = format!("it is at {last}, the log's head at {head}");
        return Err(Error::Foreign { stream: name.clone(), why });
    }
    if last == 0 {
        return Ok(0);
    }
    // The last message may have been erased; then there is nothing to compare.
    let Ok(message) = stream.get_raw_message(last as u64).await else { return Ok(last) };
    let stored = message.headers.get("Nats-Msg-Id").map(|id| id.as_str().to_owned());
    let recorded = log.read(last - 1, 1).await?.first().map(|event| event.event_id.to_string());
    if stored != recorded {
        let why = format!("its message {last} is not the log's event {last}");
        return Err(Error::Foreign { stream: name.clone(), why });
    }
    Ok(last)
}
