use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId, Erasure, MessageId};
use sqlx::{Connection, Executor, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::tail::{Recorded, Written};
use crate::{Append, Appended, Log, StreamEvents, is_outage};

/// How long connecting to PostgreSQL may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a batch may take before its connection is considered dead: much longer than a slow disk
/// takes to flush.
const APPEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a batch may wait for the lock on the log's head, which other nodes hold for a few
/// milliseconds each.
const LOCK_TIMEOUT: &str = "set lock_timeout = '1s'";

/// The appender's own connection, opened on first use and again after it broke. It does not come
/// from the pool: it has settings of its own, and is never pinged before use, which would cost a
/// round trip. An append that finds it broken is sent again, like any other whose outcome is
/// unclear.
pub(crate) struct Line {
    pool: PgPool,
    master_key: Option<String>,
    connection: Option<PgConnection>,
}

impl Line {
    pub(crate) fn new(log: &Log) -> Self {
        Self {
            pool: log.pool().clone(),
            master_key: log.keys().master_id().map(str::to_owned),
            connection: None,
        }
    }

    /// Appends a batch in one transaction. A connection that broke is forgotten.
    pub(crate) async fn append(
        &mut self,
        batch: impl Iterator<Item = &Append>,
    ) -> Result<Vec<Written>, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.pool).await?,
        };
        let arrays = Arrays::of(batch);
        let appending = arrays.send(&mut connection, self.master_key.as_deref());
        let appended = tokio::time::timeout(APPEND_TIMEOUT, appending)
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut));
        if !appended.as_ref().is_err_and(|error| is_outage(error)) {
            self.connection = Some(connection);
        }
        appended
    }

    /// Whether a batch could be appended now. Appends nothing, but does everything else that an
    /// append does.
    pub(crate) async fn is_open(&mut self) -> Result<(), sqlx::Error> {
        self.append(std::iter::empty()).await.map(|_| ())
    }

    pub(crate) async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            // The server notices by itself when this fails.
            let _ = connection.close().await;
        }
    }
}

/// Appends within the caller's transaction.
pub(crate) async fn append(
    connection: &mut PgConnection,
    master_key: Option<&str>,
    append: &Append,
) -> Result<Written, sqlx::Error> {
    let written = Arrays::of(std::iter::once(append)).send(connection, master_key).await?;
    written.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}

async fn connect(pool: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let options = pool.connect_options();
    let connecting = PgConnection::connect_with(&options);
    let mut connection = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
        .await
        .map_err(|_elapsed| sqlx::Error::PoolTimedOut)??;
    // Forces generic plans: PostgreSQL assumes arrays of ten elements for these, so a custom plan
    // for a single append always looks cheaper, and every call would be planned again.
    connection.execute("set plan_cache_mode = force_generic_plan").await?;
    connection.execute(LOCK_TIMEOUT).await?;
    Ok(connection)
}

/// A batch as `append_events` takes it: parallel arrays, `r` for requests, `s` for their streams
/// and `e` for the events of those.
#[derive(Default)]
struct Arrays<'a> {
    accounts: Vec<AccountId>,
    r: Requests<'a>,
    s: Streams<'a>,
    e: Events<'a>,
}

#[derive(Default)]
struct Requests<'a> {
    accounts: Vec<i32>,
    callers: Vec<&'a str>,
    keys: Vec<Option<&'a str>>,
    digests: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct Streams<'a> {
    requests: Vec<i32>,
    types: Vec<&'a str>,
    aggregates: Vec<&'a str>,
    expected: Vec<i64>,
    keys: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct Events<'a> {
    streams: Vec<i32>,
    ids: Vec<Uuid>,
    types: Vec<&'a str>,
    versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    conversations: Vec<Option<ConversationId>>,
    keys: Vec<Option<&'a [u8]>>,
    subjects: Vec<Option<MessageId>>,
    erases: Vec<Option<String>>,
}

impl<'a> Arrays<'a> {
    fn of(batch: impl Iterator<Item = &'a Append>) -> Self {
        let mut arrays = Self::default();
        for append in batch {
            arrays.add(append);
        }
        arrays
    }

    fn add(&mut self, append: &'a Append) {
        let account = self.account(append.account);
        let r = &mut self.r;
        r.accounts.push(account);
        r.callers.push(&append.caller);
        r.keys.push(append.idempotency.as_ref().map(|i| i.key.as_str()));
        r.digests.push(append.idempotency.as_ref().map(|i| i.request_digest.as_slice()));
        for stream in &append.streams {
            self.add_stream(stream);
        }
    }

    /// Adds a stream to the request that was added last.
    fn add_stream(&mut self, stream: &'a StreamEvents) {
        let Self { r, s, e, .. } = self;
        s.requests.push(r.accounts.len() as i32);
        s.types.push(stream.aggregate_type);
        s.aggregates.push(&stream.aggregate_id);
        s.expected.push(stream.expected_version);
        s.keys.push(stream.stream_key.as_deref());
        for event in &stream.events {
            e.streams.push(s.types.len() as i32);
            e.ids.push(event.event_id);
            e.types.push(&event.event_type);
            e.versions.push(&event.event_version);
            e.payloads.push(&event.payload);
            e.metadata.push(&event.metadata);
            e.conversations.push(event.conversation);
            e.keys.push(event.key.as_deref());
            e.subjects.push(event.subject);
            e.erases.push(event.erases.map(|erasure| match erasure {
                Erasure::Stream => "stream".to_owned(),
                Erasure::Message(message) => message.to_string(),
            }));
        }
    }

    /// The account's index in the batch, from 1. A linear search is enough: a batch has few
    /// accounts.
    fn account(&mut self, id: AccountId) -> i32 {
        let index = self.accounts.iter().position(|account| *account == id).unwrap_or_else(|| {
            self.accounts.push(id);
            self.accounts.len() - 1
        });
        index as i32 + 1
    }

    async fn send(
        &self,
        connection: &mut PgConnection,
        master_key: Option<&str>,
    ) -> Result<Vec<Written>, sqlx::Error> {
        let Self { accounts, r, s, e } = self;
        let rows = sqlx::query(
            "select outcome, first_position, first_account_position, appended_at, event_digests
             from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                                $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        )
        .bind(master_key)
        .bind(accounts)
        .bind(&r.accounts)
        .bind(&r.callers)
        .bind(&r.keys)
        .bind(&r.digests)
        .bind(&s.requests)
        .bind(&s.types)
        .bind(&s.aggregates)
        .bind(&s.expected)
        .bind(&s.keys)
        .bind(&e.streams)
        .bind(&e.ids)
        .bind(&e.types)
        .bind(&e.versions)
        .bind(&e.payloads)
        .bind(&e.metadata)
        .bind(&e.conversations)
        .bind(&e.keys)
        .bind(&e.subjects)
        .bind(&e.erases)
        .fetch_all(connection)
        .await?;
        rows.iter().map(written).collect()
    }
}

fn written(row: &sqlx::postgres::PgRow) -> Result<Written, sqlx::Error> {
    let at: Option<DateTime<Utc>> = row.try_get("appended_at")?;
    let recorded = match at {
        Some(at) => Some(Recorded { at, digests: row.try_get("event_digests")? }),
        None => None,
    };
    Ok(Written { outcome: outcome(row)?, recorded })
}

fn outcome(row: &sqlx::postgres::PgRow) -> Result<Appended, sqlx::Error> {
    let outcome: &str = row.try_get("outcome")?;
    Ok(match outcome {
        "appended" => Appended::At {
            position: row.try_get("first_position")?,
            account_position: row.try_get("first_account_position")?,
        },
        "conflict" => Appended::Conflict,
        "key_reused" => Appended::KeyReused,
        "key_lost" => Appended::KeyLost,
        _replayed => Appended::Replayed,
    })
}
