//! Events that this process appends are handed to its followers directly: they are not read from
//! the database, their keys are not looked up, and their private values are not decrypted again.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::LogEvent;
use crate::recorded::{Placement, RecordedEvent};
use crate::sealing::{EventKey, Opened};
use crate::{Append, Appended};

/// An event that is to be appended, as followers will read it.
#[derive(Debug, Clone)]
pub struct Decoded {
    pub(crate) event: domain::Event,
    /// Its key and its decrypted payload.
    pub(crate) sealed: Option<(EventKey, Opened)>,
}

/// The outcome of an append, and what the database added to its events.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) outcome: Appended,
    /// `None` if there are no events, or they had been appended before.
    pub(crate) recorded: Option<Recorded>,
}

/// What the database adds to the events of an append.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) at: DateTime<Utc>,
    /// One for each event.
    pub(crate) digests: Vec<Vec<u8>>,
}

/// The events of an append as the log now has them; empty unless that is known of every one of
/// them.
pub(crate) fn as_recorded(append: &mut Append, written: Written) -> Vec<Arc<LogEvent>> {
    let Some(recorded) = written.recorded else { return vec![] };
    let Appended::At { position, account_position: Some(account_position) } = written.outcome
    else {
        return vec![];
    };
    let account = append.account;
    let numbered = append.streams.iter_mut().flat_map(|stream| {
        let versions = stream.expected_version + 1..;
        let (aggregate_type, id) = (stream.aggregate_type, stream.aggregate_id.parse().ok());
        versions.zip(stream.events.drain(..)).map(move |event| (aggregate_type, id, event))
    });
    let events = numbered.zip(0..).zip(recorded.digests).map(
        |(((aggregate_type, id, (sequence, mut event)), index), digest)| {
            let Decoded { event: decoded, sealed } = event.decoded.take()?;
            let placement = Placement {
                position: position + index,
                account,
                account_position: account_position + index,
                aggregate_type,
                aggregate_id: id?,
                sequence,
                recorded_at: recorded.at,
                digest,
            };
            let recorded = RecordedEvent::appended(event, sealed, placement);
            let bytes = recorded.bytes();
            Some(Arc::new(LogEvent { recorded, event: Ok(decoded), bytes }))
        },
    );
    events.collect::<Option<_>>().unwrap_or_default()
}
