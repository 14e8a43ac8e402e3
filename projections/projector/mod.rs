//! The projector: follows the log for all read models, a batch and a transaction at a time.
//!
//! A batch is folded once, and written by one statement: it calls the `apply` of each model
//! concerned, in the order of the models, and moves their checkpoints. It fails as a whole unless
//! the checkpoints are where the rows are and the lease still has this epoch. The position of a
//! checkpoint is thus moved by the transaction that wrote the rows and by nothing else. Commits do
//! not wait for the disk: after a crash of PostgreSQL, checkpoints and rows are equally old, and
//! the rest is replayed from the log. Models that are far behind are filled in large batches over
//! two connections (`fill.rs`).
//!
//! When a batch fails, smaller ones are tried, down to a single event. If that one fails because of
//! its content, and not because the database is in trouble, the models that cannot apply it are
//! stopped there, and the others go on without them (`isolate.rs`).

mod ahead;
mod connection;
mod fill;
mod isolate;
mod lanes;
mod prepare;
mod retire;
mod standby;
mod standing;
mod trouble;
mod write;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Position;
use event_store::{Budget, Lease, Led, Log, LogEvent};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::changes::Changes;
use crate::memory::Memory;
use crate::model::Model;
use crate::{Error, Generation};

pub(crate) use connection::dedicated;
pub(crate) use fill::Fill;
pub use fill::MEMORY_MAX;
#[cfg(test)]
pub(crate) use lanes::FOLLOWING;
pub(crate) use prepare::{index, prepare};
use standby::Follower;
pub(crate) use standing::Standing;
use write::{arguments, write};

/// Most events and bytes in one transaction.
const BUDGET: Budget = Budget { events_max: 1000, bytes_max: 8 * 1024 * 1024 };
/// How often a projector checks that the rows are still its own, and whether stopped models may
/// resume.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// Keeps all read models, and this node's cache of them, up to date until `stop` is cancelled.
pub fn start(log: &Log, memory: &Memory, node: Uuid, stop: &CancellationToken) -> JoinSet<()> {
    let follower = Follower::new(log.clone(), memory.clone(), memory.progress.clone());
    let projector = Projector {
        log: log.clone(),
        generation: memory.progress.generation.clone(),
        follower,
        stop: stop.clone(),
        events_max: BUDGET.events_max,
    };
    let mut tasks = JoinSet::new();
    let (pool, stop) = (log.pool().clone(), stop.clone());
    let lease = memory.progress.generation.lease();
    tasks.spawn(async move { event_store::lead(projector, pool, &lease, node, stop).await });
    tasks
}

struct Projector {
    log: Log,
    generation: Generation,
    follower: Follower,
    stop: CancellationToken,
    /// Less than the budget after a failure, until batches succeed again.
    events_max: usize,
}

impl Led for Projector {
    type Error = Error;

    async fn lead(&mut self, lease: &Lease) -> Result<(), Error> {
        let mut connection = dedicated(&self.log, &self.generation).await?;
        prepare(&mut connection, lease, &self.generation).await?;
        self.fill(&mut connection, lease).await?;
        if self.stop.is_cancelled() {
            return Ok(());
        }
        index(&mut connection, lease, &self.generation).await?;
        let found = Standing::read(&mut *connection, &self.generation).await?;
        let mut standing = found.ok_or(Error::CheckpointMoved)?;
        self.follower.begin(&standing);
        let mut checked = Instant::now();
        let mut abandoned = retire::Abandoned::default();
        while !self.stop.is_cancelled() {
            let next = standing.next();
            let changed = async {
                match next {
                    Some((position, _)) => self.log.changed_after(position).await,
                    None => std::future::pending().await,
                }
            };
            let until = CHECK_EVERY.saturating_sub(checked.elapsed());
            let changed = tokio::time::timeout(until, changed);
            let is_idle = match self.stop.run_until_cancelled(changed).await {
                None => break,
                Some(changed) => changed.is_err(),
            };
            if is_idle || checked.elapsed() >= CHECK_EVERY {
                self.check(&mut connection, &mut standing).await?;
                // Other copies are dropped only once this one serves queries.
                if self.follower.is_level() {
                    abandoned.look(&mut connection, &self.generation).await?;
                }
                checked = Instant::now();
                continue;
            }
            let Some((position, bound)) = next else { continue };
            let budget = Budget { events_max: self.events_max, ..BUDGET };
            let mut batch = self.log.tail().read(position, budget).await?;
            if let Some(bound) = bound {
                batch.truncate((bound - position) as usize);
            }
            if batch.is_empty() {
                // Woken for a head that is not visible yet.
                tokio::task::yield_now().await;
                continue;
            }
            self.project(&mut connection, lease, &mut standing, position, &batch).await?;
        }
        Ok(())
    }

    async fn stand_by(&mut self) -> Result<(), Error> {
        self.follower.stand_by().await
    }

    fn stand_by_pause(&self) -> Duration {
        self.follower.pause()
    }

    fn failed(&mut self, error: &Error, causes: &str) {
        if trouble::is_lost_event(error) {
            self.log.availability().fail_for_lost_time("its log has lost events");
        }
        self.events_max = (self.events_max / 2).max(1);
        if !self.log.availability().explains(error) {
            tracing::error!(error = causes, "projection interrupted");
        }
        metrics::counter!("colloquy_projection_failures_total").increment(1);
    }
}

impl Projector {
    /// Brings models that are far behind, such as new ones, close to the head of the log. An event
    /// that cannot be applied is left to the small batches that follow, which find the model at
    /// fault.
    async fn fill(&self, connection: &mut PgConnection, lease: &Lease) -> Result<(), Error> {
        let fill =
            Fill { log: &self.log, lease, generation: &self.generation, memory_max: MEMORY_MAX };
        loop {
            let head = self.log.head().await?;
            if self.stop.is_cancelled() {
                return Ok(());
            }
            let filling = async {
                let Some(from) = fill.level(connection).await? else { return Ok(false) };
                if head - from < self.generation.far_behind {
                    return Ok(false);
                }
                let mut reached = |_, at| self.follower.filled(at);
                fill.run(connection, from, head, &mut reached).await.map(|()| true)
            };
            match self.stop.run_until_cancelled(filling).await {
                // More may have been written meanwhile.
                Some(Ok(true)) => {}
                None | Some(Ok(false) | Err(Error::Refused { .. })) => return Ok(()),
                Some(Err(error)) => return Err(error),
            }
        }
    }

    /// Checks whether the rows are still the ones that this projector wrote or a rebuilt copy has
    /// replaced them, and whether stopped models may go on because an operator has dealt with what
    /// stopped them.
    async fn check(
        &mut self,
        connection: &mut PgConnection,
        standing: &mut Standing,
    ) -> Result<(), Error> {
        let found = Standing::read(connection, &self.generation).await?;
        let found = found.ok_or(Error::CheckpointMoved)?;
        let is_anew = found.begins_anew_after(standing);
        if found.positions != standing.positions && !is_anew {
            return Err(Error::CheckpointMoved);
        }
        if is_anew {
            *standing = found;
            self.follower.begin(standing);
        }
        Ok(())
    }

    /// Brings the models that stand at `position` to the end of the batch.
    async fn project(
        &mut self,
        connection: &mut PgConnection,
        lease: &Lease,
        standing: &mut Standing,
        position: Position,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        let started = Instant::now();
        let to = position + batch.len() as i64;
        let running = |model: &&Model| {
            standing.positions[model.name] == position && !standing.stopped.contains_key(model.name)
        };
        let models: Vec<&Model> = self.generation.models.iter().filter(running).collect();
        // Looked up only if the batch has an unreadable event: almost no log has one.
        let quarantined = match batch.iter().any(|event| event.event.is_err()) {
            true => event_store::quarantined_between(&mut *connection, position, to).await?,
            false => BTreeSet::new(),
        };
        let written = match Changes::fold(batch, &quarantined) {
            Ok(changes) => {
                let names = self.generation.names(&models);
                write(connection, lease, names, arguments(&models, &changes), batch).await
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                for model in &models {
                    standing.positions.insert(model.name, to);
                }
                self.events_max = (self.events_max * 2).min(BUDGET.events_max);
            }
            Err(error) if trouble::is_data(&error) && batch.len() > 1 => {
                self.events_max = batch.len() / 2;
                return Ok(());
            }
            Err(error) if trouble::is_data(&error) => {
                let isolation = isolate::Isolation {
                    lease,
                    generation: &self.generation,
                    models: &models,
                    position,
                    event: &batch[0],
                    quarantined: &quarantined,
                };
                let stopped = isolation.run(connection, &standing.stopped).await?;
                for model in models.iter().filter(|model| !stopped.contains_key(model.name)) {
                    standing.positions.insert(model.name, to);
                }
                standing.stopped.extend(stopped);
            }
            Err(error) => return Err(error),
        }
        self.follower.follow(batch, standing);
        metrics::histogram!("colloquy_projection_batch_seconds").record(started.elapsed());
        metrics::histogram!("colloquy_projection_batch_size").record(batch.len() as f64);
        Ok(())
    }
}
