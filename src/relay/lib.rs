//! Publishes the event log to a NATS JetStream stream whose sequence numbers are the log's
//! positions.
//!
//! Position p is published with "expected last sequence p-1", so the broker itself refuses messages
//! that are out of order, duplicate or late. After a lost acknowledgement, a restart of either
//! side, or a broker that lost its tail, publishing resumes from the stream's last sequence.
//!
//! Last position + 1 is published, or nothing is: a message in the stream that does not match the
//! log stops publishing until an operator has repaired the stream. The two are compared
//! (`comparison.rs`) at the start, after every failure, when the connection was lost, and when a
//! periodic look finds one of them not where it was left. What the log erases is erased from the
//! stream too (`erasure.rs`).
//!
//! Deliberately not here: filtering and retention (the consumer's and the stream's business), and
//! anything that delays a command: while NATS is down, commands continue and the backlog grows. A
//! new header is a line in `message.rs`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

pub mod access;
mod comparison;
mod connection;
mod erasure;
mod error;
mod finding;
mod full_comparison;
mod health;
pub mod hint;
mod history;
mod message;
mod publisher;
mod repair;
pub mod signals;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::context::PublishErrorKind;
use event_store::{Budget, Lease, Led, Log, LogEvent, Position, causes};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use comparison::{Checked, check};
pub use connection::{NatsOptions, WrongUrl};
pub use error::Error;
pub use finding::{Finding, MESSAGE_BYTES_MAX};
pub use full_comparison::{Whole, check_all};
pub use health::Status;
pub use history::{Copied, Copying, NotCopied};
pub use repair::{Repair, durable_consumers, erase_again, is_under_way};

use health::Health;
use publisher::{Publisher, Sent};
use stream::{Connection, Opened};

/// Where and how to publish.
#[derive(Debug, Clone)]
pub struct Settings {
    pub nats: NatsOptions,
    /// The stream, created if missing.
    pub stream: String,
    /// First token of every subject.
    pub subject_prefix: String,
    /// How much of an event its message contains.
    pub payload: Payload,
    /// Most messages in flight, sent but not acknowledged.
    pub in_flight_max: usize,
    /// How often the stream is checked while there is nothing to publish; also the pause before a
    /// failed erasure is retried.
    pub look_every: Duration,
}

/// How much of an event its message contains. The headers are the same, except that `Metadata` has
/// no `ce-dataschema`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payload {
    /// All of it: what is encrypted in the log is readable in the stream.
    #[default]
    Full,
    /// All but what is encrypted in the log: `[sealed]` takes its place.
    Sealed,
    /// Only the event type.
    Metadata,
}

impl Settings {
    /// The subjects of all events.
    fn subjects(&self) -> String {
        format!("{}.v1.>", self.subject_prefix)
    }
}

/// Time limit for sending a batch: sending blocks while the server accepts nothing.
const SENT_WITHIN: Duration = Duration::from_secs(30);

/// The name of the lease and of the checkpoint.
pub const NAME: &str = "relay";

/// Publishes until `stop` is cancelled. Failures are retried for ever.
pub async fn run(
    log: Log,
    settings: Settings,
    node: Uuid,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    let (pool, health) = (log.pool().clone(), Health(status));
    let relay =
        Relay { log, settings, health: health.clone(), stop: stop.clone(), stopped_is_noted: true };
    let led = event_store::lead(relay, pool.clone(), NAME, node, stop.clone());
    tokio::join!(led, health::measure(&pool, &health, &stop));
}

struct Relay {
    log: Log,
    settings: Settings,
    health: Health,
    stop: CancellationToken,
    /// `checkpoints.stopped` may be set, by this process or an earlier one.
    stopped_is_noted: bool,
}

impl Led for Relay {
    type Error = Error;

    /// Returns when told to stop, with nothing in flight.
    async fn lead(&mut self, lease: &Lease) -> Result<(), Error> {
        self.health.leads();
        // The previous leader may have recorded why it stopped, even if this node had led before
        // it.
        self.stopped_is_noted = true;
        let led = self.publish_until_stopped(lease).await;
        if let Err(error) = &led {
            // Best effort: if the database is the reason, the reason cannot be recorded.
            let _ = lease.set_stopped(self.log.pool(), NAME, Some(&causes(error))).await;
        }
        led
    }

    async fn stand_by(&mut self) -> Result<(), Error> {
        self.health.stands_by();
        Ok(())
    }

    fn failed(&mut self, error: &Error, causes: &str) {
        self.health.failed(error, causes);
    }
}

impl Relay {
    async fn publish_until_stopped(&mut self, lease: &Lease) -> Result<(), Error> {
        let (client, mut connection) = stream::connect(&self.settings.nats).await?;
        let jetstream = connection::jetstream(client);
        let (pool, health) = (self.log.pool().clone(), self.health.clone());
        while !self.stop.is_cancelled() {
            stream::is_made(&mut connection).await?;
            let opened = stream::open(&jetstream, &self.settings, &pool, lease).await?;
            tracing::info!(event.position = opened.last.get(), "publishing to NATS");
            health.connected(opened.last);
            let published = watch::Sender::new(opened.last);
            let pause = self.settings.look_every;
            let erasing = erasure::Erasing { stream: &opened.stream, pool: &pool, lease, pause };
            tokio::select! {
                doubted = self.publish_until_in_doubt(
                    lease, &jetstream, &opened, &published, &mut connection) => doubted?,
                () = erasing.run(published.subscribe(), &health) => {}
            }
        }
        Ok(())
    }

    /// Returns when the stream has to be compared again, or when told to stop.
    async fn publish_until_in_doubt(
        &mut self,
        lease: &Lease,
        jetstream: &jetstream::Context,
        opened: &Opened,
        published: &watch::Sender<Position>,
        connection: &mut Connection,
    ) -> Result<(), Error> {
        let mut publisher = self.publisher(jetstream);
        let mut position = opened.last;
        let mut batch = self.read(position).await?;
        let mut under_way = None;
        loop {
            let is_last = self.stop.is_cancelled() || connection.has_changed().unwrap_or(false);
            if is_last {
                batch.clear();
            }
            if batch.is_empty() && under_way.is_none() {
                if is_last || !self.wait(lease, opened, position, connection).await? {
                    return Ok(());
                }
                batch = self.read(position).await?;
                continue;
            }
            // The broker stores this batch while the previous one is acknowledged and checkpointed,
            // and the next one is read.
            let to = batch.last().map_or(position, |last| last.recorded.position);
            let sent = tokio::time::timeout(SENT_WITHIN, publisher.send(&batch)).await;
            let sent = sent.unwrap_or_else(|_elapsed| {
                Err(Error::Publish { position: to, source: PublishErrorKind::TimedOut.into() })
            })?;
            let before = under_way.take();
            let confirmed = async { tokio::join!(self.confirm(lease, before), self.read(to)) };
            let (confirmed, next) = tokio::select! {
                confirmed = confirmed => confirmed,
                // Acknowledgements do not arrive over another connection.
                _ = connection.changed() => return Ok(()),
            };
            if let Some(confirmed) = confirmed? {
                self.progressed(lease, confirmed).await?;
                published.send_replace(confirmed);
                if opened.repaired_at.is_some_and(|to| confirmed >= to) {
                    return Ok(());
                }
            }
            (position, batch, under_way) = (to, next?, sent);
        }
    }

    /// Waits for events after a position. False if the stream has to be compared again, because the
    /// connection was lost, or the stream or the log is not where it was left.
    async fn wait(
        &mut self,
        lease: &Lease,
        opened: &Opened,
        position: Position,
        connection: &mut Connection,
    ) -> Result<bool, Error> {
        if self.stopped_is_noted || self.health.is_failing() {
            if self.log.look().await? > position {
                return Ok(true);
            }
            self.progressed(lease, position).await?;
        }
        tokio::select! {
            () = self.stop.cancelled() => Ok(true),
            () = self.log.changed_after(position) => Ok(true),
            _ = connection.changed() => Ok(false),
            () = tokio::time::sleep(self.settings.look_every) => {
                Ok(opened.is_at(position).await && self.log.look().await? >= position)
            }
        }
    }

    async fn progressed(&mut self, lease: &Lease, position: Position) -> Result<(), Error> {
        if self.stopped_is_noted || self.health.is_failing() {
            lease.set_stopped(self.log.pool(), NAME, None).await?;
            self.stopped_is_noted = false;
        }
        self.health.progressed(position);
        Ok(())
    }

    fn publisher(&self, jetstream: &jetstream::Context) -> Publisher {
        Publisher {
            jetstream: jetstream.clone(),
            pool: self.log.pool().clone(),
            stream: self.settings.stream.clone(),
            subject_prefix: self.settings.subject_prefix.clone(),
            payload: self.settings.payload,
            ahead: 0,
            facts: event_store::Facts::default(),
        }
    }

    async fn read(&self, after: Position) -> Result<Vec<Arc<LogEvent>>, Error> {
        // Two batches are in flight at a time.
        let events_max = self.settings.in_flight_max.div_ceil(2);
        let budget = Budget { events_max, ..Budget::default() };
        Ok(self.log.tail().read(after, budget).await?)
    }

    /// Waits until a whole batch is acknowledged, and moves the checkpoint: for operators, and so
    /// that a node that has lost the lease fails here. Returns the position reached.
    async fn confirm(&self, lease: &Lease, sent: Option<Sent>) -> Result<Option<Position>, Error> {
        let Some(Sent { after, to, erases, acknowledged }) = sent else { return Ok(None) };
        acknowledged.await?;
        if erases {
            erasure::list(self.log.pool(), after, to).await?;
        }
        let mut database = self.log.pool().acquire().await?;
        lease.advance(&mut database, &[NAME], after, to).await?;
        metrics::counter!("colloquy_relay_published_total").increment((to - after).unsigned_abs());
        Ok(Some(to))
    }
}
