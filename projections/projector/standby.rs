use std::sync::Arc;
use std::time::Duration;

use domain::Position;
use event_store::{Budget, Log, LogEvent};

use crate::memory::Memory;
use crate::{Error, Progress};

use super::standing::Standing;

/// How often a standby reads how far the projecting node has come.
const PAUSE: Duration = Duration::from_millis(50);
/// The same while the log is known to be ahead: a request here may be waiting for it.
const SHORT_PAUSE: Duration = Duration::from_millis(5);

/// Evicts what the log has changed from the node's memory, and only then announces the position: an
/// answer is never older than the position it claims. The projecting node and its standbys do the
/// same.
pub(super) struct Follower {
    log: Log,
    memory: Memory,
    progress: Progress,
    position: Position,
    /// What was announced last.
    standing: Standing,
}

impl Follower {
    pub(super) fn new(log: Log, memory: Memory, progress: Progress) -> Self {
        Self { log, memory, progress, position: Position::UNKNOWN, standing: Standing::default() }
    }

    /// Starts from the rows as they are found, with an empty cache.
    pub(super) fn begin(&mut self, standing: &Standing) {
        self.memory.forget_all();
        self.show(&[], standing);
    }

    /// Evicts what the batch touched, and announces where the running models now stand.
    pub(super) fn follow(&mut self, batch: &[Arc<LogEvent>], standing: &Standing) {
        self.memory.follow(batch);
        self.show(batch, standing);
    }

    fn show(&mut self, batch: &[Arc<LogEvent>], standing: &Standing) {
        self.standing = standing.clone();
        self.position = standing.least().unwrap_or(self.position);
        let recorded = batch.iter().map(|event| &event.recorded);
        let shown = recorded.filter(|event| event.position <= self.position);
        let accounts = shown.map(|event| (event.account, event.account_position));
        self.progress.set(standing, accounts);
        metrics::gauge!("colloquy_projection_position").set(self.position.get() as f64);
    }

    /// Catches up with the node that projects.
    pub(super) async fn stand_by(&mut self) -> Result<(), Error> {
        let generation = &self.progress.generation;
        let Some(standing) = Standing::read(self.log.pool(), generation).await? else {
            return Ok(());
        };
        let is_anew = standing.begins_anew_after(&self.standing);
        let Some(to) = standing.least() else {
            self.show(&[], &standing);
            return Ok(());
        };
        if self.position == Position::UNKNOWN || to < self.position || is_anew {
            self.begin(&standing);
        }
        // Events that the rows reflect are in the log, even if this node has not seen them there
        // yet.
        self.log.announce(to);
        while self.position < to {
            let mut batch = self.log.tail().read(self.position, Budget::default()).await?;
            batch.truncate((to - self.position) as usize);
            let Some(last) = batch.last() else { break };
            let shown = standing.up_to(last.recorded.position);
            self.follow(&batch, &shown);
        }
        Ok(())
    }

    /// Records how far the rows are filled; they cannot answer queries yet.
    pub(super) fn filled(&self, position: Position) {
        self.progress.filled(position);
    }

    pub(super) fn is_level(&self) -> bool {
        self.progress.is_level()
    }

    /// How long to wait until the next look at the checkpoints.
    pub(super) fn pause(&self) -> Duration {
        if *self.log.wakeups().borrow() > self.position { SHORT_PAUSE } else { PAUSE }
    }
}
