//! Revoked access tokens: for each user, the time of issue up to which tokens are revoked. Every
//! node keeps all of them in memory, so that checking a token takes no statement. They are read
//! once from the directory and then followed in the log itself, so a revocation takes effect even
//! while a read model is stopped or late.
//!
//! A token is accepted only if the revocations known are at most [`KNOWN_WITHIN`] old: a node that
//! cannot read the log waits until it can. So a revocation holds on every node once that time has
//! passed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::user::Event;
use domain::{Position, UserId};
use event_store::{Budget, Log, LogEvent, causes};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::projector::Standing;
use crate::{Error, Memory, directory};

/// Maximum age of the known revocations when a token is accepted.
pub const KNOWN_WITHIN: Duration = Duration::from_secs(1);
/// How often the head of the log is read, with or without a wake-up.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

/// This node's copy: 24 bytes for each user whose tokens were ever revoked.
#[derive(Debug, Clone, Default)]
pub struct Revocations {
    until: Arc<RwLock<HashMap<UserId, DateTime<Utc>>>>,
    /// When the head of the log was last read; all revocations up to that head are known.
    looked: watch::Sender<Option<Instant>>,
}

impl Revocations {
    /// Waits until the known revocations are fresh enough to judge a token by.
    pub async fn wait_until_fresh(&self) {
        let is_new =
            |looked: &Option<Instant>| looked.is_some_and(|looked| looked.elapsed() < KNOWN_WITHIN);
        if is_new(&self.looked.borrow()) {
            return;
        }
        // The channel cannot close: `self` holds its sender.
        let _ = self.looked.subscribe().wait_for(is_new).await;
    }

    /// Whether a user's token with this time of issue, in Unix seconds, is revoked. A token without
    /// a time of issue counts as older than any revocation.
    pub fn concern(&self, user: UserId, issued_at: Option<f64>) -> bool {
        let known = self.until.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&user).is_some_and(|until| is_revoked(*until, issued_at))
    }

    /// The time of issue up to which a user's tokens are revoked.
    pub fn until(&self, user: UserId) -> Option<DateTime<Utc>> {
        self.until.read().unwrap_or_else(PoisonError::into_inner).get(&user).copied()
    }

    /// Follows the log until `stop` is cancelled.
    pub async fn follow(self, log: Log, memory: Memory, stop: CancellationToken) {
        let following = async {
            loop {
                let Err(error) = self.follow_on(&log, &memory).await;
                if !log.availability().explains(&error) {
                    tracing::error!(error = causes(&error), "following revoked tokens failed");
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        stop.run_until_cancelled(following).await;
    }

    async fn follow_on(
        &self,
        log: &Log,
        memory: &Memory,
    ) -> Result<std::convert::Infallible, Error> {
        memory.progress().wait_until_level(Duration::MAX).await;
        let mut position = self.read_all(log, memory).await?;
        let mut wakeups = log.wakeups();
        let mut looked: Option<Instant> = None;
        loop {
            let is_due = looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
            let now = Instant::now();
            if is_due {
                log.look().await?;
            }
            loop {
                let batch = log.tail().read(position, Budget::default()).await?;
                let Some(last) = batch.last() else { break };
                self.learn(&batch);
                position = last.recorded.position;
            }
            if is_due {
                looked = Some(now);
                self.looked.send_replace(looked);
            }
            let grown = wakeups.wait_for(|known| *known > position);
            let _ = tokio::time::timeout(LOOK_EVERY, grown).await;
        }
    }

    /// Reads all revocations from the directory; returns a position that they reflect at least.
    async fn read_all(&self, log: &Log, memory: &Memory) -> Result<Position, Error> {
        let found = Standing::read(log.pool(), &memory.progress().generation).await?;
        let position = found.and_then(|found| found.positions.get(directory::NAME).copied());
        let read = || async {
            sqlx::query_as(
                "select uuid, tokens_revoked_until
                 from users
                 where tokens_revoked_until is not null",
            )
            .fetch_all(&memory.readers)
            .await
        };
        let rows: Vec<(UserId, DateTime<Utc>)> =
            memory.readers.ask("read revoked tokens", read).await?;
        rows.into_iter().for_each(|(user, until)| self.add(user, until));
        // Without a checkpoint, the log is followed from its start.
        Ok(position.unwrap_or_default())
    }

    fn learn(&self, batch: &[Arc<LogEvent>]) {
        for event in batch {
            if let Ok(domain::Event::User(Event::TokensRevoked { issued_until })) = &event.event {
                self.add(event.recorded.aggregate_id.into(), *issued_until);
            }
        }
    }

    fn add(&self, user: UserId, until: DateTime<Utc>) {
        let mut known = self.until.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.entry(user).or_insert(until);
        *known = until.max(*known);
    }
}

/// Whether a token with this time of issue, in Unix seconds, is revoked when all tokens issued
/// until then are. A token without one is.
pub fn is_revoked(until: DateTime<Utc>, issued_at: Option<f64>) -> bool {
    issued_at.is_none_or(|issued_at| issued_at <= until.timestamp_micros() as f64 / 1e6)
}
