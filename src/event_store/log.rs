use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::recorded::{Row, SELECT};
use crate::{Error, Keys, RecordedEvent};

/// How long a follower that nobody wakes waits at most before it looks at the head itself.
const POLL_MAX: Duration = Duration::from_millis(250);

/// The log, to be read in order.
#[derive(Debug, Clone)]
pub struct Log {
    pool: PgPool,
    keys: Keys,
    wake: watch::Sender<i64>,
}

impl Log {
    /// A reader of the log in this database, with the keys of what is sealed in it.
    pub fn new(pool: PgPool, keys: Keys) -> Self {
        Self { pool, keys, wake: watch::Sender::new(0) }
    }

    /// The keys of what is sealed.
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
    pub async fn read(&self, after: i64, limit: i64) -> Result<Vec<RecordedEvent>, Error> {
        let sql = format!("{SELECT} where e.position > $1 order by e.position limit $2");
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("read the log"))?;
        let events = self.with_keys(rows).await?;
        for (expected, event) in (after + 1..).zip(&events) {
            if event.position != expected {
                return Err(Error::Hole { expected, found: event.position });
            }
        }
        Ok(events)
    }

    /// Up to `limit` events of one conversation, its members' own too, with a position above `after`.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn read_conversation(
        &self,
        conversation: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RecordedEvent>, Error> {
        let sql = format!(
            "{SELECT}
             where (case e.aggregate_type
                        when 'conversation' then e.aggregate_id
                        when 'participation' then e.payload ->> 'conversation'
                        when 'audit' then e.payload ->> 'conversation'
                    end) = $1
               and e.position > $2
             order by e.position
             limit $3"
        );
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(conversation.to_string())
            .bind(after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("read the events of a conversation"))?;
        self.with_keys(rows).await
    }

    pub(crate) async fn with_keys(&self, rows: Vec<Row>) -> Result<Vec<RecordedEvent>, Error> {
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.push(row.with_keys(&self.keys).await?);
        }
        Ok(events)
    }

    /// The newest committed position, 0 while there is none.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn head(&self) -> Result<i64, Error> {
        sqlx::query_scalar("select position from log_head")
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("read the head of the log"))
    }

    /// The newest position that this process knows to be committed.
    pub fn wakeups(&self) -> watch::Receiver<i64> {
        self.wake.subscribe()
    }

    /// Tells the followers in this process that everything up to `position` is committed.
    pub fn announce(&self, position: i64) {
        self.wake.send_if_modified(|known| {
            let newer = position > *known;
            *known = (*known).max(position);
            newer
        });
    }

    /// Returns when there may be events above `position`: at once after an append of this process, within a
    /// quarter of a second after one of another node.
    pub async fn changed_after(&self, position: i64) {
        let mut wake = self.wake.subscribe();
        let mut delay = Duration::from_millis(20);
        loop {
            if *wake.borrow_and_update() > position {
                return;
            }
            match tokio::time::timeout(delay, wake.changed()).await {
                Ok(_) => {}
                Err(_elapsed) => {
                    // A failure here is met again, and reported, by the read that follows.
                    match self.head().await {
                        Ok(head) => self.announce(head),
                        Err(_) => return tokio::time::sleep(POLL_MAX).await,
                    }
                    delay = (delay * 2).min(POLL_MAX);
                }
            }
        }
    }
}
