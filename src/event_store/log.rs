use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::recorded::{Row, SELECT};
use crate::{Error, Keys, RecordedEvent};

/// How long a follower that nobody wakes waits at most before it looks at the head itself.
const POLL_MAX: Duration = Duration::from_millis(250);

/// Which events an auditor wants; none of them: all.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Of this conversation, its members' own and its auditors' too.
    pub conversation: Option<Uuid>,
    /// Caused by this uid.
    pub actor: Option<String>,
    /// That name this user, as actor's entry, author, member or subject.
    pub user: Option<Uuid>,
    /// `MessagePosted` …
    pub event_type: Option<String>,
    /// Of this tenant.
    pub account: Option<i64>,
    /// Recorded at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before this time.
    pub until: Option<DateTime<Utc>>,
    /// Up to this position.
    pub to: Option<i64>,
    /// Caused by this request.
    pub request_id: Option<String>,
}

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
        let search = Search { conversation: Some(conversation), ..Search::default() };
        self.search(&search, after, limit).await
    }

    /// Up to `limit` events that a search finds, with a position above `after`, ascending.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn search(
        &self,
        search: &Search,
        after: i64,
        limit: i64,
    ) -> Result<Vec<RecordedEvent>, Error> {
        // Written as the index is, which is for this alone; the other filters are applied on the way.
        let of_conversation = match search.conversation {
            Some(_) => {
                "(case e.aggregate_type
                      when 'conversation' then e.aggregate_id
                      when 'participation' then e.payload ->> 'conversation'
                      when 'audit' then e.payload ->> 'conversation'
                  end) = $1"
            }
            None => "$1::text is null",
        };
        let sql = format!(
            "{SELECT}
             where {of_conversation}
               and e.position > $2
               and ($4::text is null or e.metadata ->> 'actor' = $4)
               and ($5::text is null or e.aggregate_id = $5 or strpos(e.payload::text, $5) > 0)
               and ($6::text is null or e.event_type = $6)
               and ($7::bigint is null or e.account_id = $7)
               and ($8::timestamptz is null or e.recorded_at >= $8)
               and ($9::timestamptz is null or e.recorded_at < $9)
               and ($10::bigint is null or e.position <= $10)
               and ($11::text is null or e.metadata ->> 'request_id' = $11)
             order by e.position
             limit $3"
        );
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(search.conversation.map(|id| id.to_string()))
            .bind(after)
            .bind(limit)
            .bind(&search.actor)
            .bind(search.user.map(|id| id.to_string()))
            .bind(&search.event_type)
            .bind(search.account)
            .bind(search.since)
            .bind(search.until)
            .bind(search.to)
            .bind(&search.request_id)
            .fetch_all(&self.pool)
            .await
            .map_err(Error::database("search the log"))?;
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
