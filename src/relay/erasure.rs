use std::time::Duration;

use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use event_store::{Lease, Position, RecordedEvent, causes};
use futures::{StreamExt, stream};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::{Error, health::Health};

const BATCH_SIZE: i64 = 1000;
/// Erasures in flight.
const IN_FLIGHT_MAX: usize = 16;

/// Erases from the stream what was erased from the log, with a secure delete per message: a purge
/// by subject would leave the bytes in the store's files. An event that is published after its
/// erasure has no private values any more, and its message is deleted all the same. The sequence
/// numbers stay taken.
pub(crate) struct Erasing<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) pool: &'a PgPool,
    pub(crate) lease: &'a Lease,
    /// Pause after a failure.
    pub(crate) pause: Duration,
}

impl Erasing<'_> {
    /// Runs beside publishing and never delays it. What the broker refuses is retried for ever.
    pub(crate) async fn run(&self, mut published: watch::Receiver<Position>, health: &Health) {
        loop {
            let position = *published.borrow_and_update();
            match self.erase_up_to(position).await {
                Ok(()) => {
                    health.erases_again();
                    if published.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    if let Error::Erase { .. } = error {
                        health.cannot_erase(&causes(&error));
                    }
                    tokio::time::sleep(self.pause).await;
                }
            }
        }
    }

    async fn erase_up_to(&self, published: Position) -> Result<(), Error> {
        loop {
            let due: Vec<Position> = sqlx::query_scalar(
                "select position from nats_erasures
                 where position <= $1 and done_at is null
                 order by position
                 limit $2",
            )
            .bind(published)
            .bind(BATCH_SIZE)
            .fetch_all(self.pool)
            .await?;
            if due.is_empty() {
                return Ok(());
            }
            let erasing = due.into_iter().map(|position| async move {
                erase(self.stream, position).await.map(|()| position)
            });
            let erased: Vec<_> = stream::iter(erasing).buffered(IN_FLIGHT_MAX).collect().await;
            let done: Vec<Position> =
                erased.iter().filter_map(|e| e.as_ref().ok().copied()).collect();
            write_down(self.pool, self.lease, &done).await?;
            erased.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
    }
}

/// Whether an event deletes a conversation, and so erases all of its messages.
pub(crate) fn is_ordered_by(event: &RecordedEvent) -> bool {
    event.event_type == "ConversationDeleted"
}

/// Records the messages of conversations deleted between two positions as due for erasure. This
/// comes before the checkpoint moves from one to the other: after a crash in between it is repeated
/// without effect. It has a transaction of its own, because a conversation may have millions of
/// events and a checkpoint's row must not be locked for that long.
pub(crate) async fn list(pool: &PgPool, after: Position, up_to: Position) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("set local statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("select list_erased_conversations($1, $2)")
        .bind(after)
        .bind(up_to)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// Records erasures, under the lease: another node may have found an older copy of the stream, in
/// which they are due again.
async fn write_down(pool: &PgPool, lease: &Lease, done: &[Position]) -> Result<(), Error> {
    if done.is_empty() {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    lease.hold(&mut transaction).await?;
    sqlx::query("update nats_erasures set done_at = now() where position = any($1)")
        .bind(done)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    metrics::counter!("colloquy_relay_erased_total").increment(done.len() as u64);
    tracing::info!(count = done.len(), "erased messages from the stream");
    Ok(())
}

async fn erase(stream: &Stream, position: Position) -> Result<(), Error> {
    let sequence = position.get() as u64;
    match stream.delete_message(sequence).await {
        Ok(_) => Ok(()),
        Err(source) => match stream.get_raw_message(sequence).await {
            Ok(_) => Err(Error::Erase { position, source: source.into() }),
            // The message was erased before, or dropped by the stream's limits.
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(()),
            Err(error) => Err(Error::Stream(error.into())),
        },
    }
}
