//! Repairs a stream that cannot be put right by publishing more: a sequence number that is taken
//! cannot be given to another message, so the stream is deleted and filled again from the log,
//! under the same numbers.
//!
//! A repair is ordered in the database, and carried out by the leading relay when it opens the
//! stream (`stream.rs`). If that relay is killed at any point, the next leader continues. The
//! consumers are recreated where they were, but no later than at the first wrong position: they may
//! get a message twice, but never miss one.

use async_nats::jetstream::consumer::{self, DeliverPolicy};
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, RetentionPolicy, StorageType, Stream,
};
use async_nats::{Client, jetstream};
use event_store::{Lease, Position};
use futures::TryStreamExt;
use sqlx::PgPool;
use sqlx::types::Json;

use crate::comparison::get;
use crate::{Error, NAME, Settings, Whole};

/// An order to replace a stream.
#[derive(Debug, Clone)]
pub struct Repair {
    wrong_created_ns: i64,
    wrong_position: Position,
    first_position: Position,
    to_position: Position,
    stream_config: Json<Config>,
    consumer_configs: Json<Vec<consumer::Config>>,
}

event_store::from_row!(Repair {
    wrong_created_ns,
    wrong_position,
    first_position,
    to_position,
    stream_config,
    consumer_configs,
});

impl Repair {
    /// The repair that a stream needs, if publishing and erasing more do not suffice.
    pub fn of(whole: &Whole, settings: &Settings) -> Option<Self> {
        let wrong_position = match whole.wrong() {
            Some(wrong) => wrong,
            None if whole.settings.is_empty() => return None,
            None => whole.last.next(),
        };
        Some(Self {
            wrong_created_ns: created_ns(&whole.info),
            wrong_position,
            first_position: whole.first.min(wrong_position),
            to_position: whole.head,
            stream_config: Json(right(whole.info.config.clone(), settings)),
            consumer_configs: Json(vec![]),
        })
    }

    /// The first wrong position: from here on consumers get messages again.
    pub fn wrong_position(&self) -> Position {
        self.wrong_position
    }

    /// The first position to keep: messages before it were dropped already, and are dropped again.
    pub fn first_position(&self) -> Position {
        self.first_position
    }

    /// Orders the repair and revokes the relay's lease, so that the next leader opens the stream
    /// again and carries it out. An order that is already there is updated: its settings and
    /// recorded consumers stay, and the lower of the two wrong positions counts.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn order(&self, pool: &PgPool) -> Result<(), Error> {
        sqlx::query(
            "insert into nats_repairs as r
                 (wrong_created_ns, wrong_position, first_position, to_position, stream_config)
             values ($1, $2, $3, $4, $5)
             on conflict on constraint nats_repairs_one_at_a_time do update
             set wrong_created_ns = excluded.wrong_created_ns,
                 wrong_position = least(r.wrong_position, excluded.wrong_position),
                 to_position = excluded.to_position",
        )
        .bind(self.wrong_created_ns)
        .bind(self.wrong_position)
        .bind(self.first_position)
        .bind(self.to_position)
        .bind(&self.stream_config)
        .execute(pool)
        .await?;
        Lease::revoke(pool, NAME).await?;
        Ok(())
    }

    /// The position at which a consumer resumes.
    pub fn goes_on_at(&self, info: &consumer::Info) -> Position {
        Position::new(info.ack_floor.stream_sequence as i64 + 1).min(self.wrong_position)
    }
}

/// Whether a repair is ordered and not finished.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn is_under_way(pool: &PgPool) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from nats_repairs)").fetch_one(pool).await?)
}

/// Orders that erased messages that are in the stream again be erased once more.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn erase_again(pool: &PgPool, positions: &[Position]) -> Result<(), Error> {
    sqlx::query("update nats_erasures set done_at = null where position = any($1)")
        .bind(positions)
        .execute(pool)
        .await?;
    Lease::revoke(pool, NAME).await?;
    Ok(())
}

/// The durable consumers of a stream; the others are recreated by their readers.
///
/// # Errors
/// When the server does not list them.
pub async fn durable_consumers(stream: &Stream) -> Result<Vec<consumer::Info>, Error> {
    let consumers = stream.consumers();
    let found: Vec<_> =
        consumers.try_collect().await.map_err(|error| Error::Stream(error.into()))?;
    Ok(found
        .into_iter()
        .filter(|info: &consumer::Info| info.config.durable_name.is_some())
        .collect())
}

/// Records the consumers of the stream that a repair is ordered for, and deletes the stream.
/// Returns the repair that is under way.
pub(crate) async fn begin(
    jetstream: &jetstream::Context,
    settings: &Settings,
    pool: &PgPool,
    lease: &Lease,
) -> Result<Option<Repair>, Error> {
    let Some(mut repair) = ordered(pool).await? else { return Ok(None) };
    let found = get(jetstream, &settings.stream).await?;
    let Some(wrong) = found.filter(|found| repair.is_about(found.cached_info())) else {
        return Ok(Some(repair));
    };
    repair.take_over(durable_consumers(&wrong).await?);
    let mut transaction = pool.begin().await?;
    lease.hold(&mut transaction).await?;
    sqlx::query("update nats_repairs set consumer_configs = $1")
        .bind(&repair.consumer_configs)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    tracing::warn!(
        event.position = %repair.wrong_position,
        consumers = repair.consumer_configs.len(),
        "repairing the stream: it is deleted, and filled from the log"
    );
    let deleted = jetstream.delete_stream(&settings.stream).await;
    deleted.map_err(|error| Error::Stream(error.into()))?;
    Ok(Some(repair))
}

async fn ordered(pool: &PgPool) -> Result<Option<Repair>, Error> {
    let found = sqlx::query_as(
        "select wrong_created_ns, wrong_position, first_position, to_position, stream_config, \
         consumer_configs
         from nats_repairs",
    );
    Ok(found.fetch_optional(pool).await?)
}

impl Repair {
    /// Servers before 2.10 begin every stream at 1: there, dropped messages are published and
    /// dropped again.
    pub(crate) fn stream_config(&self, client: &Client) -> Config {
        let begins_later = self.first_position.get() > 1 && client.is_server_compatible(2, 10, 0);
        let first_sequence = begins_later.then_some(self.first_position.get() as u64);
        Config { first_sequence, ..self.stream_config.0.clone() }
    }

    /// The position at which the stream is complete.
    pub(crate) fn to(&self) -> Position {
        self.to_position
    }

    fn is_about(&self, info: &Info) -> bool {
        created_ns(info) == self.wrong_created_ns
    }

    /// Records consumers. Those recorded by an earlier attempt stay, because the consumers found
    /// now may be those of a half-filled stream.
    fn take_over(&mut self, found: Vec<consumer::Info>) {
        let wrong = self.wrong_position.get() as u64;
        let mut kept = std::mem::take(&mut *self.consumer_configs);
        for config in &mut kept {
            if let DeliverPolicy::ByStartSequence { start_sequence } = &mut config.deliver_policy {
                *start_sequence = (*start_sequence).min(wrong);
            }
        }
        for info in found {
            if kept.iter().any(|kept| kept.durable_name == info.config.durable_name) {
                continue;
            }
            let start_sequence = self.goes_on_at(&info).get() as u64;
            let mut config = info.config;
            config.deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
            config.metadata.retain(|name, _| !is_the_servers(name));
            kept.push(config);
        }
        *self.consumer_configs = kept;
    }

    /// Drops what had been dropped before, recreates the consumers, and deletes the order.
    pub(crate) async fn finish(
        &self,
        stream: &Stream,
        pool: &PgPool,
        lease: &Lease,
    ) -> Result<(), Error> {
        if self.first_position.get() > stream.cached_info().state.first_sequence as i64 {
            let dropped = stream.purge().sequence(self.first_position.get() as u64).await;
            dropped.map_err(|error| Error::Stream(error.into()))?;
        }
        for config in self.consumer_configs.iter() {
            if let Some(name) = &config.durable_name {
                // The reader may have created one meanwhile that begins elsewhere.
                let _ = stream.delete_consumer(name).await;
            }
            let made = stream.create_consumer(config.clone()).await;
            made.map_err(|error| Error::Stream(error.into()))?;
        }
        let mut transaction = pool.begin().await?;
        lease.hold(&mut transaction).await?;
        sqlx::query("delete from nats_repairs").execute(&mut *transaction).await?;
        transaction.commit().await?;
        tracing::info!(event.position = %self.to_position, "the stream is repaired");
        Ok(())
    }
}

pub(crate) fn created_ns(info: &Info) -> i64 {
    info.created.unix_timestamp_nanos() as i64
}

/// The operator's settings, except those with which the stream would diverge from the log.
fn right(found: Config, settings: &Settings) -> Config {
    let mut metadata = found.metadata.clone();
    metadata.retain(|name, _| !is_the_servers(name));
    Config {
        name: settings.stream.clone(),
        subjects: vec![settings.subjects()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        discard_new_per_subject: false,
        max_messages_per_subject: -1,
        max_message_size: -1,
        sealed: false,
        no_ack: false,
        deny_delete: false,
        deny_purge: false,
        mirror: None,
        sources: None,
        first_sequence: None,
        metadata,
        ..found
    }
}

/// Whether the server itself writes this metadata entry.
fn is_the_servers(name: &str) -> bool {
    name.starts_with("_nats.")
}
