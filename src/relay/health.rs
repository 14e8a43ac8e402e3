//! The relay's health, for readiness, the log and metrics. A failure is reported once, and ends
//! only with progress.

use std::time::Duration;

use event_store::Position;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Error, NAME};

/// How often the metrics are set, even while nothing succeeds.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// The relay's health.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Everything up to here has been acknowledged by the broker.
    pub position: Position,
    /// The broker is connected.
    pub connected: bool,
    /// This node is the one that publishes.
    pub leader: bool,
    /// Why publishing has stopped, if it has.
    pub failure: Option<String>,
    /// Why erased messages are still in the stream, if erasing fails.
    pub erasing: Option<String>,
    reported: Reported,
}

/// How the current failure has been logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Reported {
    #[default]
    Nothing,
    /// As one that may end by itself.
    Interruption,
    /// As one that lasts until an operator acts.
    Wrong,
}

impl Status {
    /// The names of the failing parts.
    pub fn failing(&self) -> impl Iterator<Item = &'static str> {
        let parts = [("relay", &self.failure), ("relay erasure", &self.erasing)];
        parts.into_iter().filter(|(_, why)| why.is_some()).map(|(part, _)| part)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Health(pub(crate) watch::Sender<Status>);

impl Health {
    pub(crate) fn leads(&self) {
        self.0.send_modify(|status| status.leader = true);
    }

    pub(crate) fn stands_by(&self) {
        self.0.send_modify(|status| {
            status.leader = false;
            status.erasing = None;
        });
    }

    /// Publishing can begin. Does not clear a failure: only an acknowledgement does.
    pub(crate) fn connected(&self, position: Position) {
        self.0.send_modify(|status| {
            status.position = position;
            status.connected = true;
        });
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.0.borrow().failure.is_some()
    }

    /// Messages were acknowledged, or there is nothing to publish.
    pub(crate) fn progressed(&self, position: Position) {
        self.0.send_modify(|status| {
            status.position = position;
            status.failure = None;
            if std::mem::take(&mut status.reported) != Reported::Nothing {
                tracing::info!(event.position = position.get(), "publishing to NATS again");
            }
        });
    }

    /// Publishing has stopped until the next attempt.
    pub(crate) fn failed(&self, error: &Error, causes: &str) {
        metrics::counter!("colloquy_relay_restarts_total").increment(1);
        self.0.send_modify(|status| {
            let report = match error {
                Error::Wrong(_) | Error::Unreadable { .. } => Reported::Wrong,
                _ => Reported::Interruption,
            };
            match report {
                _ if report <= status.reported => {
                    tracing::debug!(error = causes, "still not publishing");
                }
                Reported::Wrong => {
                    tracing::error!(error = causes, "publishing stopped until an operator acts");
                }
                _ => tracing::warn!(error = causes, "publishing to NATS is interrupted"),
            }
            status.reported = status.reported.max(report);
            status.connected = false;
            status.failure = Some(causes.to_owned());
        });
    }

    pub(crate) fn cannot_erase(&self, causes: &str) {
        self.0.send_if_modified(|status| {
            if status.erasing.is_none() {
                tracing::error!(error = causes, "what was erased stays in the stream");
            }
            let before = status.erasing.replace(causes.to_owned());
            before != status.erasing
        });
    }

    pub(crate) fn erases_again(&self) {
        self.0.send_if_modified(|status| {
            let failed = status.erasing.take().is_some();
            if failed {
                tracing::info!("what was erased is erased from the stream again");
            }
            failed
        });
    }
}

/// Sets the metrics until `stop` is cancelled. On a standby, copies position and failure from the
/// leader's checkpoint.
pub(crate) async fn measure(pool: &PgPool, health: &Health, stop: &CancellationToken) {
    let mut ticks = tokio::time::interval(MEASURE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let look = tokio::time::timeout(MEASURE_EVERY, look(pool));
        if let Some(Ok(Ok((position, stopped, due)))) = stop.run_until_cancelled(look).await {
            metrics::gauge!("colloquy_relay_erasures_due").set(due as f64);
            health.0.send_if_modified(|status| {
                let stands_by = !status.leader;
                if stands_by {
                    (status.position, status.failure) = (position, stopped);
                }
                stands_by
            });
        }
        let failing = f64::from(health.is_failing());
        metrics::gauge!("colloquy_relay_failing").set(failing);
    }
}

async fn look(pool: &PgPool) -> Result<(Position, Option<String>, i64), sqlx::Error> {
    sqlx::query_as(
        "select c.position, c.stopped,
                (select count(*) from nats_erasures n
                 where n.position <= c.position and n.done_at is null)
         from (
             select coalesce(max(position), 0) as position, max(stopped) as stopped
             from checkpoints where name = $1) c",
    )
    .bind(NAME)
    .fetch_one(pool)
    .await
}
