//! Tells others: the event log, to a NATS JetStream stream whose sequence numbers are the log's positions.
//!
//! Position p is published with "expected last sequence p-1", so the broker itself refuses what is out of
//! order, twice or late. After anything unclear there is one question to ask, the stream's last sequence, and
//! publishing goes on from there: after a lost acknowledgement, a restart of either side, or a broker that
//! lost its tail.
//!
//! What the log erases is erased from the stream too (`erasure.rs`).
//!
//! Deliberately not here: filtering and retention (a consumer's and the stream's business), and anything that
//! holds a command up: while NATS is down, commands go on and the backlog grows. A new header is a line in
//! `message.rs`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod connection;
mod erasure;
pub mod hint;
mod message;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_nats::jetstream;
use event_store::{Budget, Lease, Led, Log, LogEvent, checkpoint};
use futures::future::try_join_all;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use connection::{NatsOptions, WrongUrl};

/// Where and how to publish.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub nats: NatsOptions,
    /// The stream, made when missing.
    pub stream: String,
    /// First token of every subject.
    pub subject_prefix: String,
    /// Messages that may be under way without an acknowledgement.
    pub in_flight_max: usize,
}

/// How the relay is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Everything up to here has been acknowledged by the broker.
    pub position: i64,
    /// The broker is reached.
    pub connected: bool,
    /// This node is the one that publishes.
    pub leader: bool,
    /// Why nothing is published now.
    pub failure: Option<String>,
}

/// Why publishing stopped; it is tried again.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot follow the log")]
    Log(#[from] event_store::Error),
    #[error("cannot use the database")]
    Database(#[source] sqlx::Error),
    #[error("cannot reach NATS")]
    Connect(#[source] async_nats::ConnectError),
    #[error("cannot use the stream {stream}")]
    Stream {
        stream: String,
        #[source]
        source: async_nats::Error,
    },
    #[error("position {position} was not acknowledged")]
    Publish {
        position: i64,
        #[source]
        source: jetstream::context::PublishError,
    },
    #[error("position {position} was not erased from the stream")]
    Erase {
        position: i64,
        #[source]
        source: async_nats::Error,
    },
    #[error("position {position} was stored as message {sequence}")]
    Misplaced { position: i64, sequence: u64 },
    #[error("the stream {stream} belongs to another log: {why}")]
    Foreign { stream: String, why: String },
}

/// The name of the lease, and of the checkpoint.
const NAME: &str = "relay";

/// Publishes until `stop` is cancelled. Whatever fails is tried again for ever.
pub async fn run(
    log: Log,
    settings: Settings,
    node: Uuid,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    let pool = log.pool().clone();
    let relay = Relay { log, settings, status, stop: stop.clone(), outage: false };
    event_store::lead(relay, pool, NAME, node, stop).await;
}

struct Relay {
    log: Log,
    settings: Settings,
    status: watch::Sender<Status>,
    stop: CancellationToken,
    /// Nothing has been published since the last failure, which was reported.
    outage: bool,
}

impl Led for Relay {
    type Error = Error;

    /// Returns when told to stop, with nothing under way.
    async fn lead(&mut self, lease: &Lease) -> Result<(), Error> {
        self.status.send_modify(|status| status.leader = true);
        let client = self.settings.nats.connect().await.map_err(Error::Connect)?;
        let jetstream = jetstream::new(client);
        let mut published = stream::last_position(&jetstream, &self.settings, &self.log).await?;
        tracing::info!(event.position = published, "publishing to NATS");
        // The broker may have lost its tail, or been sent more than was written down.
        let noted = checkpoint(self.log.pool(), NAME).await?;
        self.acknowledged(lease, noted, published).await?;
        self.erase(&jetstream, published).await?;

        let mut batch = self.read(published).await?;
        while !self.stop.is_cancelled() {
            let Some(last) = batch.last() else {
                let changed = self.log.changed_after(published);
                if self.stop.run_until_cancelled(changed).await.is_some() {
                    batch = self.read(published).await?;
                }
                continue;
            };
            let to = last.recorded.position;
            // The next batch is read while this one is under way.
            let (sent, next) = tokio::join!(self.publish(&jetstream, &batch), self.read(to));
            sent?;
            self.acknowledged(lease, published, to).await?;
            published = to;
            self.outage = false;
            metrics::counter!("colloquy_relay_published_total").increment(batch.len() as u64);
            self.erase(&jetstream, published).await?;
            batch = next?;
        }
        Ok(())
    }

    async fn stand_by(&mut self) -> Result<(), Error> {
        self.status.send_modify(|status| status.leader = false);
        Ok(())
    }

    /// One warning for each outage; a stream of another log needs somebody to act.
    fn failed(&mut self, error: &Error, causes: &str) {
        match error {
            _ if self.outage => tracing::debug!(error = causes, "still not publishing"),
            Error::Foreign { .. } => tracing::error!(error = causes, "nothing is published"),
            _ => tracing::warn!(error = causes, "publishing to NATS is interrupted"),
        }
        self.outage = true;
        metrics::counter!("colloquy_relay_restarts_total").increment(1);
        self.status.send_modify(|status| {
            status.connected = false;
            status.failure = Some(causes.to_owned());
        });
    }
}

impl Relay {
    async fn erase(&self, jetstream: &jetstream::Context, published: i64) -> Result<(), Error> {
        erasure::erase_published(jetstream, &self.settings, self.log.pool(), published).await
    }

    async fn read(&self, after: i64) -> Result<Vec<Arc<LogEvent>>, Error> {
        let budget = Budget { events_max: self.settings.in_flight_max, ..Budget::default() };
        Ok(self.log.tail().read(after, budget).await?)
    }

    /// Sends all, then waits for every acknowledgement.
    async fn publish(
        &self,
        jetstream: &jetstream::Context,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        let mut acknowledgements = Vec::with_capacity(batch.len());
        for LogEvent { recorded: event, .. } in batch.iter().map(Arc::as_ref) {
            let position = event.position;
            let failed = move |source| Error::Publish { position, source };
            let acknowledgement = jetstream
                .publish_with_headers(
                    message::subject(&self.settings.subject_prefix, event),
                    message::headers(event),
                    event.shown()?.into_owned().into(),
                )
                .await
                .map_err(failed)?;
            acknowledgements.push(async move {
                let stored = acknowledgement.await.map_err(failed)?;
                if stored.sequence == position as u64 {
                    Ok(())
                } else {
                    Err(Error::Misplaced { position, sequence: stored.sequence })
                }
            });
        }
        try_join_all(acknowledgements).await?;
        Ok(())
    }

    /// Writes the checkpoint down. It is for operators, and it fences: who lost the lease fails here.
    async fn acknowledged(&self, lease: &Lease, from: i64, to: i64) -> Result<(), Error> {
        let mut connection = self.log.pool().acquire().await.map_err(Error::Database)?;
        lease.advance(&mut connection, &[NAME], from, to).await?;
        self.status.send_modify(|status| {
            *status = Status { position: to, connected: true, leader: true, failure: None };
        });
        let known = *self.log.wakeups().borrow();
        metrics::gauge!("colloquy_relay_position").set(to as f64);
        metrics::gauge!("colloquy_relay_lag").set((known - to).max(0) as f64);
        Ok(())
    }
}
