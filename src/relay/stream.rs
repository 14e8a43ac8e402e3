use std::time::Duration;

use async_nats::jetstream::stream::{self, Info, Stream};
use async_nats::{Client, ConnectOptions, Event, jetstream};
use event_store::{Lease, Position, checkpoint};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{Error, NAME, NatsOptions, Settings, comparison, erasure, finding, repair};

/// How long a connection may be lost before it counts as a failure.
const RECONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// A broker of version 2.9 goes on deleting a stream's files after it has reported the stream as
/// deleted: if a stream of the same name is created at once, acknowledged messages are lost from
/// it, and still counted.
const FILES_GONE_AFTER: Duration = Duration::from_secs(1);

/// Whether there is a connection; changes whenever one is lost or made.
pub(crate) type Connection = watch::Receiver<bool>;

/// Connects, and checks that the server accepts messages of every size that events may have.
pub(crate) async fn connect(nats: &NatsOptions) -> Result<(Client, Connection), Error> {
    let (sender, mut connection) = watch::channel(false);
    let options = ConnectOptions::new().event_callback(move |event| {
        match event {
            Event::Connected => _ = sender.send_replace(true),
            Event::Disconnected => _ = sender.send_replace(false),
            _ => {}
        }
        std::future::ready(())
    });
    let client = nats.connect_with(options).await.map_err(Error::Connect)?;
    is_made(&mut connection).await?;
    match finding::max_payload(client.max_payload()) {
        Some(too_small) => Err(Error::Wrong(too_small)),
        None => Ok((client, connection)),
    }
}

/// Waits for the connection: a request made without one may get lost.
pub(crate) async fn is_made(connection: &mut Connection) -> Result<(), Error> {
    let made = connection.wait_for(|is_made| *is_made);
    match tokio::time::timeout(RECONNECTS_WITHIN, made).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Error::Disconnected),
    }
}

/// The stream, once the relay has found that it can publish after its last message.
pub(crate) struct Opened {
    pub(crate) stream: Stream,
    /// Position of the last message, which is that event or was erased.
    pub(crate) last: Position,
    /// Once this position is published, a repair has to be finished.
    pub(crate) repaired_at: Option<Position>,
}

impl Opened {
    /// Whether it is still the same stream, with nothing in it but what the relay has published.
    pub(crate) async fn is_at(&self, published: Position) -> bool {
        let before = self.stream.cached_info();
        let now = self.stream.get_info().await;
        now.is_ok_and(|now| {
            now.created == before.created && now.state.last_sequence == published.get() as u64
        })
    }
}

/// Creates the stream if it is missing, compares it with the log, and sets the checkpoint to the
/// end of the stream: the broker may have lost its tail, or have been sent more than was
/// checkpointed.
pub(crate) async fn open(
    jetstream: &jetstream::Context,
    settings: &Settings,
    pool: &PgPool,
    lease: &Lease,
) -> Result<Opened, Error> {
    let noted = checkpoint(pool, NAME).await?;
    let repair = repair::begin(jetstream, settings, pool, lease).await?;
    let config = match &repair {
        Some(repair) => repair.stream_config(&jetstream.client()),
        None => default_config(settings),
    };
    let stream = get_or_make(jetstream, config, noted > Position::START).await?;
    let info = stream.cached_info();
    let found = comparison::compare(&stream, info, pool, noted).await?;
    if let Some(wrong) = found.wrong {
        return Err(Error::Wrong(wrong));
    }
    let last = found.last;

    // What another node, or this one before a crash, published without noting it.
    erasure::list(pool, noted, last).await?;
    let mut transaction = pool.begin().await?;
    if is_another(&mut transaction, info).await? || last < noted || found.erased_is_back {
        let due = sqlx::query("update nats_erasures set done_at = null where done_at is not null")
            .execute(&mut *transaction)
            .await?;
        let erasures = due.rows_affected();
        // At the very first start there is nothing to report.
        if noted > Position::START {
            tracing::info!(
                event.position = last.get(),
                noted = noted.get(),
                erasures,
                "the stream was replaced or restored: erasing again what was erased"
            );
        }
    }
    lease.advance(&mut transaction, &[NAME], noted, last).await?;
    transaction.commit().await?;
    let mut repaired_at = None;
    if let Some(repair) = repair {
        if last >= repair.to() {
            repair.finish(&stream, pool, lease).await?;
        } else {
            repaired_at = Some(repair.to());
        }
    }
    Ok(Opened { stream, last, repaired_at })
}

fn default_config(settings: &Settings) -> stream::Config {
    stream::Config {
        name: settings.stream.clone(),
        subjects: vec![settings.subjects()],
        storage: stream::StorageType::File,
        allow_direct: true,
        ..stream::Config::default()
    }
}

async fn get_or_make(
    jetstream: &jetstream::Context,
    config: stream::Config,
    there_was_one: bool,
) -> Result<Stream, Error> {
    if let Some(found) = comparison::get(jetstream, &config.name).await? {
        return Ok(found);
    }
    if there_was_one {
        tokio::time::sleep(FILES_GONE_AFTER).await;
    }
    let made = jetstream.create_stream(config).await;
    made.map_err(|error| Error::Stream(error.into()))
}

/// Whether the relay published to another stream before; records this one.
async fn is_another(connection: &mut sqlx::PgConnection, info: &Info) -> Result<bool, sqlx::Error> {
    let written = sqlx::query(
        "insert into nats_stream as s (created_ns) values ($1)
         on conflict on constraint nats_stream_has_one_row do update
         set created_ns = excluded.created_ns
         where s.created_ns <> excluded.created_ns",
    )
    .bind(repair::created_ns(info))
    .execute(connection)
    .await?;
    Ok(written.rows_affected() > 0)
}
