mod head;
mod positions;
mod search;
mod seen_by;

use std::sync::Arc;

use domain::{Decider, Position, StoredEvent};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::recorded::{Row, SELECT};
use crate::tail::Ring;
use crate::{Availability, Error, Keys, RecordedEvent, Tail};

pub use positions::account_position_at;
pub use search::{Found, Search};
pub use seen_by::{Watcher, Window};

/// The event log: reads it in order, and wakes its followers in this process.
#[derive(Debug, Clone)]
pub struct Log {
    pool: PgPool,
    keys: Keys,
    /// The newest position that this process knows to be committed; [`Position::UNKNOWN`] before it
    /// has looked.
    known: watch::Sender<Position>,
    /// The newest position that this process has appended itself.
    own: watch::Sender<Position>,
    ring: Arc<Ring>,
    availability: Availability,
}

impl Log {
    /// The log in this database, with the keys to its private values.
    pub fn new(pool: PgPool, keys: Keys) -> Self {
        let (known, own) =
            (watch::Sender::new(Position::UNKNOWN), watch::Sender::new(Position::START));
        let availability = Availability::default();
        Self { pool, keys, known, own, ring: Arc::default(), availability }
    }

    /// Whether the database answers and takes appends.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// The newest events, read and decoded once for all followers of the log in this process.
    pub fn tail(&self) -> Tail {
        Tail::new(self.clone())
    }

    pub(crate) fn ring(&self) -> &Ring {
        &self.ring
    }

    #[cfg(test)]
    pub(crate) fn with_ring(mut self, ring: Ring) -> Self {
        self.ring = Arc::new(ring);
        self
    }

    /// The keys to private values.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The database.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Up to `limit` events with a position above `after`, ascending.
    ///
    /// # Errors
    /// [`Error::Hole`] when a position is missing; never skips one.
    pub async fn read(&self, after: Position, limit: i64) -> Result<Vec<RecordedEvent>, Error> {
        let sql = format!("{SELECT} where e.position > $1 order by e.position limit $2");
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("read the log"))?;
        let events = self.with_keys(rows);
        let mut expected = after.next();
        for event in &events {
            if event.position != expected {
                return Err(Error::Hole { expected, found: event.position });
            }
            expected = expected.next();
        }
        Ok(events)
    }

    /// Whether the newest event of a stream is one of this type.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn ends_with<A: Decider>(&self, id: A::Id, event: &A::Event) -> Result<bool, Error> {
        let newest: Option<String> = sqlx::query_scalar(
            "select event_type
             from events
             where aggregate_type = $1 and aggregate_id = $2
             order by sequence desc
             limit 1",
        )
        .bind(A::TYPE)
        .bind(id.into().to_string())
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("read the end of a stream"))?;
        Ok(newest.is_some_and(|newest| newest == event.event_type()))
    }

    fn with_keys(&self, rows: Vec<Row>) -> Vec<RecordedEvent> {
        rows.into_iter().map(|row| row.with_keys(&self.keys)).collect()
    }
}
