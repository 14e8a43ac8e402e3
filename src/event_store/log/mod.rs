use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Decider, StoredEvent};
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::recorded::{Row, SELECT};
use crate::tail::Ring;
use crate::{Availability, Error, Keys, RecordedEvent, Tail};

/// How long a follower that nobody wakes waits at most before it looks at the head itself.
const POLL_MAX: Duration = Duration::from_millis(250);
/// Nobody in this process has looked at the head of the log yet.
const UNKNOWN: i64 = -1;

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
    /// The newest position that this process knows to be committed; -1 before it has looked.
    known: watch::Sender<i64>,
    /// The newest position that this process has appended itself.
    own: watch::Sender<i64>,
    ring: Arc<Ring>,
    availability: Availability,
}

impl Log {
    /// A reader of the log in this database, with the keys of what is sealed in it.
    pub fn new(pool: PgPool, keys: Keys) -> Self {
        let (known, own) = (watch::Sender::new(UNKNOWN), watch::Sender::new(0));
        let availability = Availability::default();
        Self { pool, keys, known, own, ring: Arc::default(), availability }
    }

    /// Whether the database takes what is sent to it.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// The newest events, read and decoded once for all who follow the log in this process.
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
        let events = self.with_keys(rows).await;
        for (expected, event) in (after + 1..).zip(&events) {
            if event.position != expected {
                return Err(Error::Hole { expected, found: event.position });
            }
        }
        Ok(events)
    }

    /// Whether the newest event of a stream is one like this, whatever is in it.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn ends_with<A: Decider>(&self, id: Uuid, event: &A::Event) -> Result<bool, Error> {
        let newest: Option<String> = sqlx::query_scalar(
            "select event_type
             from events
             where aggregate_type = $1 and aggregate_id = $2
             order by sequence desc
             limit 1",
        )
        .bind(A::TYPE)
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("read the end of a stream"))?;
        Ok(newest.is_some_and(|newest| newest == event.event_type()))
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
        // Said only when it is asked for, so that the index of a conversation's events is used then.
        let of_conversation = match search.conversation {
            Some(_) => "e.conversation_id = $1",
            None => "$1::uuid is null",
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
            .bind(search.conversation)
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
        Ok(self.with_keys(rows).await)
    }

    async fn with_keys(&self, rows: Vec<Row>) -> Vec<RecordedEvent> {
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            events.push(row.with_keys(&self.keys).await);
        }
        events
    }

    /// The newest committed position, 0 while there is none.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn head(&self) -> Result<i64, Error> {
        let head = sqlx::query_scalar("select position from log_head")
            .fetch_one(&self.pool)
            .await
            .map_err(Error::database("read the head of the log"))?;
        self.availability.answered();
        Ok(head)
    }

    /// The position of the newest of an account's first `account_position` events; 0 for none.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn position_of(&self, account: i64, account_position: i64) -> Result<i64, Error> {
        let found: Option<i64> = sqlx::query_scalar(
            "select position
             from events
             where account_id = $1 and account_position <= $2
             order by account_position desc
             limit 1",
        )
        .bind(account)
        .bind(account_position)
        .fetch_optional(&self.pool)
        .await
        .map_err(Error::database("look up a position"))?;
        Ok(found.unwrap_or(0))
    }

    /// Looks at the head of the log, and tells the followers in this process what it found.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn look(&self) -> Result<i64, Error> {
        // Whatever is known by now was committed before the statement below began: a lower head can only be
        // that of a database that was put back to an earlier state.
        let before = *self.known.borrow();
        let head = self.head().await?;
        if head >= before {
            self.announce(head);
        } else {
            let what = format!("its log had {before} events, and has {head}");
            self.availability.fail_for_lost_time(what);
            self.ring.clear();
            self.known.send_if_modified(|known| {
                let unchanged = *known == before;
                *known = if unchanged { head } else { *known };
                unchanged
            });
        }
        Ok(head)
    }

    /// The newest position that this process knows to be committed, if it has ever looked.
    pub(crate) fn known(&self) -> Option<i64> {
        Some(*self.known.borrow()).filter(|known| *known != UNKNOWN)
    }

    /// The newest position that this process knows to be committed; -1 before it has looked.
    pub fn wakeups(&self) -> watch::Receiver<i64> {
        self.known.subscribe()
    }

    /// The newest position that this process has appended itself.
    pub fn own_appends(&self) -> watch::Receiver<i64> {
        self.own.subscribe()
    }

    /// Tells the followers in this process that it has itself appended up to `position`.
    pub(crate) fn appended(&self, position: i64) {
        self.announce(position);
        self.own.send_if_modified(|own| raise(own, position));
    }

    /// Tells the followers in this process that everything up to `position` is committed.
    pub fn announce(&self, position: i64) {
        self.known.send_if_modified(|known| raise(known, position));
    }

    /// Returns when there may be events above `position`: at once after an append of this process, within a
    /// quarter of a second after one of another node.
    pub async fn changed_after(&self, position: i64) {
        let mut known = self.known.subscribe();
        let mut delay = Duration::from_millis(20);
        loop {
            if *known.borrow_and_update() > position {
                return;
            }
            if tokio::time::timeout(delay, known.changed()).await.is_err() {
                // A failure here is met again, and reported, by the read that follows.
                if self.look().await.is_err() {
                    return tokio::time::sleep(POLL_MAX).await;
                }
                delay = (delay * 2).min(POLL_MAX);
            }
        }
    }
}

/// Whether it rose.
fn raise(known: &mut i64, position: i64) -> bool {
    let newer = position > *known;
    *known = (*known).max(position);
    newer
}
