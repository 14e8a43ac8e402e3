//! A shared tail of the log: within a process, each event is read from PostgreSQL, decrypted and
//! decoded once for all followers, and those that the process has appended itself not even once.
//! The newest events are kept in a ring, which the gapless positions index.

mod appended;
mod ring;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::Position;
use futures::TryStreamExt;

use crate::recorded::{Row, SELECT};
use crate::{Error, Log, RecordedEvent};

pub use appended::Decoded;
pub(crate) use appended::{Recorded, Written, as_recorded};
use ring::Place;
pub(crate) use ring::Ring;

/// Minimum number of rows that a read asks for, however large the preceding events were.
const ROWS_MIN: usize = 16;

/// How much to read at once; at least one event, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Events.
    pub events_max: usize,
    /// Bytes of payload and metadata as they are stored.
    pub bytes_max: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { events_max: 1000, bytes_max: 8 << 20 }
    }
}

/// An event of the log, decoded.
#[derive(Debug)]
pub struct LogEvent {
    /// As the log holds it.
    pub recorded: RecordedEvent,
    /// The decoded event, or why it cannot be read, which stops only the followers that need it.
    pub event: Result<domain::Event, Arc<Error>>,
    bytes: usize,
}

impl From<RecordedEvent> for LogEvent {
    /// For readers of selected events, which never enter the ring.
    fn from(recorded: RecordedEvent) -> Self {
        let bytes = recorded.payload.len();
        Self::new(recorded, bytes)
    }
}

impl LogEvent {
    /// Frees the stored payload if the event was decoded and nobody else holds it. Returns
    /// approximately how many bytes the decoded event takes, together with what is folded from it.
    pub fn free_stored(event: &mut Arc<Self>) -> usize {
        let weight = event.recorded.weight();
        if let Some(event) = Arc::get_mut(event)
            && event.event.is_ok()
        {
            event.recorded.free_payload();
        }
        weight
    }

    fn position(&self) -> Position {
        self.recorded.position
    }

    fn new(recorded: RecordedEvent, bytes: usize) -> Self {
        let event = recorded.event().map_err(Arc::new);
        Self { recorded, event, bytes }
    }
}

/// Reads the log for its followers, through the ring.
#[derive(Debug, Clone)]
pub struct Tail {
    log: Log,
}

impl Tail {
    pub(crate) fn new(log: Log) -> Self {
        Self { log }
    }

    /// The events after a position, ascending and without a gap, as far as the budget goes. Empty
    /// if there was nothing newer when this process last looked; [`Log::changed_after`] waits for
    /// what other nodes append.
    ///
    /// # Errors
    /// [`Error::Hole`] when a position is missing, or why the log cannot be read.
    pub async fn read(&self, after: Position, budget: Budget) -> Result<Vec<Arc<LogEvent>>, Error> {
        let ring = self.log.ring();
        loop {
            match ring.after(after, budget) {
                Place::Held(events) => return Ok(events),
                Place::BeforeStart => return self.fetch(after, budget).await,
                Place::AfterEnd => {}
            }
            let head = match self.log.newest_seen() {
                Some(head) => head,
                None => self.log.look().await?,
            };
            if head <= after {
                return Ok(vec![]);
            }
            let goes_on = ring.end().0 == Some(after);
            if !goes_on && head - after > ring.events_max() {
                // A reader this far behind would only evict the newest events.
                return self.fetch(after, budget).await;
            }
            let _loading = ring.loading.lock().await;
            if matches!(ring.after(after, budget), Place::AfterEnd) && !self.load(after).await? {
                // The known head does not exist: perhaps the database was restored to an earlier
                // state.
                self.log.look().await?;
                return Ok(vec![]);
            }
        }
    }

    /// Extends the ring from its end, or begins a new one after a position beyond it. Returns
    /// whether there was anything to read.
    async fn load(&self, after: Position) -> Result<bool, Error> {
        let ring = self.log.ring();
        let (_, generation) = ring.end();
        let events = self.fetch(after, Budget::default()).await?;
        let Some(newest) = events.last() else { return Ok(false) };
        self.log.announce(newest.recorded.position);
        ring.extend(after, generation, &events);
        Ok(true)
    }

    /// Reads from the database. Rows are taken one by one as they arrive and only until the budget
    /// is spent, so that many large events are never in memory together.
    ///
    /// Also for a reader far behind the others: nothing read here is kept in the ring.
    ///
    /// # Errors
    /// [`Error::Hole`] when a position is missing, or why the log cannot be read.
    pub async fn fetch(
        &self,
        after: Position,
        budget: Budget,
    ) -> Result<Vec<Arc<LogEvent>>, Error> {
        let ring = self.log.ring();
        let typical = ring.typical_bytes.load(Ordering::Relaxed);
        let rows_max = (budget.bytes_max / typical).max(ROWS_MIN).min(budget.events_max.max(1));
        let sql = format!("{SELECT} where e.position > $1 order by e.position limit $2");
        let mut rows =
            sqlx::query_as::<_, Row>(&sql).bind(after).bind(rows_max as i64).fetch(self.log.pool());
        let (mut events, mut bytes) = (Vec::new(), 0);
        let read = Error::database;
        while let Some(row) = rows.try_next().await.map_err(read("read the log"))? {
            let size = row.bytes();
            if !events.is_empty() && bytes + size > budget.bytes_max {
                break;
            }
            let (expected, found) = (after + events.len() as i64 + 1, row.position());
            if found != expected {
                return Err(Error::Hole { expected, found });
            }
            bytes += size;
            events.push(Arc::new(LogEvent::new(row.with_keys(self.log.keys()), size)));
        }
        self.log.availability().answered();
        ring.count_read(bytes, events.len());
        metrics::counter!("colloquy_tail_reads_total").increment(1);
        Ok(events)
    }
}
