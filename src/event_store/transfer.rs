use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::Position;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};

use crate::{Digest, Error, GENESIS, Quarantined, StoredEvent, from_hex};

/// A consistent snapshot of the whole log, for verifying and exporting it while appends go on.
#[derive(Debug)]
pub struct Transfer {
    transaction: sqlx::Transaction<'static, sqlx::Postgres>,
    /// The newest position, as the log's head has it.
    pub head: Position,
    /// Its digest, as the log's head has it.
    pub digest: Vec<u8>,
}

/// An event with the keys to its private values, wrapped as they are stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exported {
    #[serde(flatten)]
    pub event: StoredEvent,
    /// Its own key, in base64, wrapped by the stream's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_key: Option<String>,
    /// The message that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<uuid::Uuid>,
    /// The stream's key, in base64, wrapped by the master key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_key: Option<String>,
    /// Which master key that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_key: Option<String>,
    /// Present if the event is quarantined: followers of the log skip it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<Quarantined>,
}

/// The stored events above position `$1` and up to `$2`, with their keys if `$3`.
const EVENTS: &str = "
    select e.position, e.event_id::text as event_id, e.account_id, e.account_position,
           e.aggregate_type, e.aggregate_id, e.sequence, e.conversation_id::text as conversation_id,
           e.event_type, e.event_version, e.payload::text as payload, e.metadata::text as metadata,
           microseconds(e.recorded_at) as recorded_us, encode(e.digest, 'hex') as digest,
           k.wrapped as event_key, k.subject, s.wrapped as stream_key, s.master_key,
           q.quarantined_at, q.quarantined_by, q.reason
    from events e
    left join event_keys k on $3 and k.position = e.position
    left join stream_keys s
        on $3 and s.aggregate_type = e.aggregate_type and s.aggregate_id = e.aggregate_id
    left join quarantined_events q on q.position = e.position
    where e.position > $1 and e.position <= $2
    order by e.position";

/// Whether the keys to private values are read with the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithKeys {
    /// As they are stored: wrapped.
    Yes,
    /// Private values can then never be decrypted.
    No,
}

struct Row {
    event: StoredEvent,
    event_key: Option<Vec<u8>>,
    subject: Option<uuid::Uuid>,
    stream_key: Option<Vec<u8>>,
    master_key: Option<String>,
    quarantined_at: Option<DateTime<Utc>>,
    quarantined_by: Option<String>,
    reason: Option<String>,
}

crate::from_row!(Row {
    event: flatten,
    event_key,
    subject,
    stream_key,
    master_key,
    quarantined_at,
    quarantined_by,
    reason,
});

impl From<Row> for Exported {
    fn from(row: Row) -> Self {
        let quarantined = row.quarantined_at.zip(row.quarantined_by).zip(row.reason);
        Self {
            event: row.event,
            event_key: row.event_key.map(|key| STANDARD.encode(key)),
            subject: row.subject,
            stream_key: row.stream_key.map(|key| STANDARD.encode(key)),
            master_key: row.master_key,
            quarantined: quarantined.map(|((at, by), reason)| Quarantined { at, by, reason }),
        }
    }
}

impl Transfer {
    /// Opens the snapshot, a read-only transaction.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn begin(pool: &PgPool) -> Result<Self, Error> {
        let mut transaction = pool
            .begin_with("begin isolation level repeatable read read only")
            .await
            .map_err(Error::database("read the log"))?;
        let (head, digest) = sqlx::query_as("select position, digest from log_head")
            .fetch_one(&mut *transaction)
            .await
            .map_err(Error::database("read the head of the log"))?;
        Ok(Self { transaction, head, digest })
    }

    /// The digest of a position; that of 0 is [`GENESIS`]. None where there is no such event.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn digest_of(&mut self, position: Position) -> Result<Option<Digest>, Error> {
        if position == Position::START {
            return Ok(Some(GENESIS));
        }
        let found: Option<String> =
            sqlx::query_scalar("select encode(digest, 'hex') from events where position = $1")
                .bind(position)
                .fetch_optional(&mut *self.transaction)
                .await
                .map_err(Error::database("read a digest"))?;
        Ok(found.as_deref().and_then(from_hex))
    }

    /// Up to which position the log was imported without keys; 0 if it was not, or if the schema is
    /// too old to record it.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn imported_without_keys(&mut self) -> Result<Position, Error> {
        let doing = "read how the log was imported";
        let noted: bool =
            sqlx::query_scalar("select to_regclass('imported_without_keys') is not null")
                .fetch_one(&mut *self.transaction)
                .await
                .map_err(Error::database(doing))?;
        if !noted {
            return Ok(Position::START);
        }
        sqlx::query_scalar("select coalesce(max(up_to), 0) from imported_without_keys")
            .fetch_one(&mut *self.transaction)
            .await
            .map_err(Error::database(doing))
    }

    /// Streams all events with a position above `after` and up to `to`, in order. Events beyond the
    /// head are included.
    pub fn events(
        &mut self,
        after: Position,
        to: Position,
        keys: WithKeys,
    ) -> impl Stream<Item = Result<Exported, Error>> + Send {
        sqlx::query_as::<_, Row>(EVENTS)
            .bind(after)
            .bind(to)
            .bind(keys == WithKeys::Yes)
            .fetch(&mut *self.transaction)
            .map(|row| row.map(Exported::from).map_err(Error::database("read the log")))
    }
}

/// Writes a batch of an exported log, positions and digests kept. The caller has verified them,
/// calls [`finish_import`] once all are there, and commits.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn import(connection: &mut PgConnection, batch: &[Exported]) -> Result<(), Error> {
    let json = sqlx::types::Json(batch);
    for (statement, doing) in [
        (IMPORT_EVENTS, "write the log"),
        (IMPORT_ACCOUNT_HEADS, "write the heads of accounts"),
        (IMPORT_MASTER_KEYS, "write the ids of master keys"),
        (IMPORT_STREAM_KEYS, "write the keys of streams"),
        (IMPORT_EVENT_KEYS, "write the keys of events"),
        (IMPORT_QUARANTINES, "write what is quarantined"),
    ] {
        sqlx::query(statement)
            .bind(json)
            .execute(&mut *connection)
            .await
            .map_err(Error::database(doing))?;
    }
    let last = batch.last().map(|exported| (exported.event.position, &exported.event.digest));
    if let Some((position, digest)) = last {
        sqlx::query("update log_head set position = $1, digest = decode($2, 'hex')")
            .bind(position)
            .bind(digest)
            .execute(connection)
            .await
            .map_err(Error::database("write the head of the log"))?;
    }
    Ok(())
}

/// Records which events of an imported log had been erased: those of deleted conversations, and
/// those that are encrypted and have no key, though others have one. No other text of an event can
/// look like an encrypted value. If no event has a key, the log was exported without keys, and that
/// is recorded instead.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn finish_import(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query(
        r#"insert into nats_erasures (position)
           select position
           from events e
           where strpos(payload::text, '{"$sealed":') > 0
             and not exists (select from event_keys k where k.position = e.position)
             and exists (select from event_keys)"#,
    )
    .execute(&mut *connection)
    .await
    .map_err(Error::database("write what was erased"))?;
    sqlx::query("select list_erased_conversations(0, (select position from log_head))")
        .execute(&mut *connection)
        .await
        .map_err(Error::database("write what was erased"))?;
    sqlx::query(
        r#"insert into imported_without_keys (up_to)
           select position
           from log_head
           where not exists (select from event_keys)
             and exists (select from events where strpos(payload::text, '{"$sealed":') > 0)"#,
    )
    .execute(connection)
    .await
    .map_err(Error::database("note that no keys were imported"))?;
    Ok(())
}

const IMPORT_EVENTS: &str = "
    insert into events
        (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
         position, event_id, account_id, account_position, conversation_id, recorded_at, digest)
    select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json,
           metadata::json, position, event_id, account_id, account_position, conversation_id,
           timestamptz 'epoch' + recorded_us * interval '1 microsecond', decode(digest, 'hex')
    from jsonb_to_recordset($1) as r
        (aggregate_type text, aggregate_id text, sequence bigint, event_type text,
         event_version text, payload text, metadata text, position bigint, event_id uuid,
         account_id bigint, account_position bigint, conversation_id uuid, recorded_us bigint,
         digest text)
    order by position";

/// Both maxima are of the same event: positions and account positions rise together.
const IMPORT_ACCOUNT_HEADS: &str = "
    insert into account_heads as h (account_id, account_position, position)
    select account_id, max(account_position), max(position)
    from jsonb_to_recordset($1) as r (account_id bigint, account_position bigint, position bigint)
    group by account_id
    on conflict on constraint account_heads_one_per_account do update
    set account_position = excluded.account_position,
        position = excluded.position";

const IMPORT_MASTER_KEYS: &str = "
    insert into master_keys (id)
    select distinct master_key
    from jsonb_to_recordset($1) as r (master_key text)
    where master_key is not null
    on conflict do nothing";

const IMPORT_STREAM_KEYS: &str = "
    insert into stream_keys (aggregate_type, aggregate_id, master_key, wrapped)
    select distinct aggregate_type, aggregate_id, master_key, decode(stream_key, 'base64')
    from jsonb_to_recordset($1) as r
        (aggregate_type text, aggregate_id text, master_key text, stream_key text)
    where stream_key is not null
    on conflict do nothing";

const IMPORT_EVENT_KEYS: &str = "
    insert into event_keys (position, subject, wrapped)
    select position, subject, decode(event_key, 'base64')
    from jsonb_to_recordset($1) as r (position bigint, subject uuid, event_key text)
    where event_key is not null";

const IMPORT_QUARANTINES: &str = "
    insert into quarantined_events (position, quarantined_at, quarantined_by, reason)
    select position, (quarantined ->> 'at')::timestamptz, quarantined ->> 'by',
           quarantined ->> 'reason'
    from jsonb_to_recordset($1) as r (position bigint, quarantined jsonb)
    where quarantined is not null";
