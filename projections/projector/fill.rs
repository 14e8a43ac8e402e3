use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Position;
use event_store::{Budget, Lease, Log, LogEvent};
use sqlx::PgConnection;
use tokio::sync::mpsc;

use super::ahead::{AT_ONCE, Ahead, Batch};
use super::connection::{dedicated, set};
use super::lanes::Lanes;
use super::write::{Prepared, arguments, write};
use super::{Standing, trouble};
use crate::changes::{Changes, Lane};
use crate::model::Model;
use crate::planner::PLANNER;
use crate::{Error, Generation};

/// Bytes of memory that filling takes at most, about.
pub const MEMORY_MAX: usize = 256 << 20;
/// Events in one transaction of the first connection.
const EVENTS_MAX: usize = 2_000;
/// How many of its batches the second connection writes in one transaction. In so many events a
/// conversation and its members change often, and each row is written once for all of it.
const GATHERED: usize = 24;
/// What a byte of the log takes at most on the way, about: of an event that is read there is what
/// the log holds, opened, and what is to be written; of one that is gathered, while as many others
/// are written, only what it says.
const MEMORY_PER_BYTE: usize = (AT_ONCE + 1) * 12 + 2 * GATHERED * 2;
/// Planned anew for each batch: the tables grow from nothing. Even so many rows are looked up one
/// by one, as those of the small batches are that come later: what joins them as a whole reads the
/// whole table for each batch.
const LARGE: &[(&str, &str)] =
    &[("statement_timeout", "0"), ("plan_cache_mode", "force_custom_plan")];

/// Fills all models of a generation in large steps: while one is written, the next ones are read.
/// Two connections write, each its own models, the same events one behind the other. Indexes for
/// questions are made when it is done.
pub(crate) struct Fill<'a> {
    pub(crate) log: &'a Log,
    pub(crate) lease: &'a Lease,
    pub(crate) generation: &'a Generation,
    pub(crate) memory_max: usize,
}

impl Fill<'_> {
    /// Whether filling can go on from where the models are: those that follow may be behind, as an
    /// interrupted run leaves them.
    pub(crate) fn can_go_on(&self, standing: &Standing) -> bool {
        Lanes::of(self.generation).fronts(standing).is_some()
    }

    /// Brings models that follow to where the others are, and returns that position; `None` if it
    /// cannot be gone on from there.
    pub(crate) async fn level(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<Position>, Error> {
        let lanes = Lanes::of(self.generation);
        let found = Standing::read(&mut *connection, self.generation).await?;
        let fronts = found.and_then(|standing| lanes.fronts(&standing));
        let Some((leading, following)) = fronts else { return Ok(None) };
        if following == leading {
            return Ok(Some(leading));
        }
        set(connection, LARGE).await?;
        let levelled = async {
            let mut ahead = self.ahead(following, leading, Lane::Following);
            while let Some(Batch { events, prepared }) = ahead.next().await? {
                self.write_prepared(connection, &lanes.following, prepared, &events).await?;
            }
            Ok(Some(leading))
        };
        let levelled = levelled.await;
        reset(connection).await?;
        levelled
    }

    /// From one position, at which all models are, to another; `reached` is told of each on the
    /// way.
    pub(crate) async fn run(
        &self,
        connection: &mut PgConnection,
        from: Position,
        to: Position,
        reached: &mut (dyn FnMut(Position) + Send),
    ) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        let mut second = dedicated(self.log, self.generation).await?;
        set(connection, LARGE).await?;
        set(&mut second, LARGE).await?;
        let lanes = Lanes::of(self.generation);
        let (pass_on, passed_on) = mpsc::channel(GATHERED);
        let lead = async {
            let (mut ahead, pass_on) = (self.ahead(from, to, Lane::Leading), pass_on);
            while let Some(Batch { mut events, prepared }) = ahead.next().await? {
                self.write_prepared(connection, &lanes.leading, prepared, &events).await?;
                events.iter_mut().for_each(LogEvent::keep_what_it_says);
                if pass_on.send(events).await.is_err() {
                    // Whoever follows says why.
                    break;
                }
            }
            Ok(())
        };
        let follow = async {
            let (mut passed_on, mut at) = (passed_on, from);
            while let Some(gathered) = gather(&mut passed_on).await {
                let generation = self.generation.clone();
                let prepare = move || Batch::prepare(gathered, &generation, Lane::Following);
                let batch = tokio::task::spawn_blocking(prepare).await;
                let Batch { events, prepared } = batch.map_err(|_| Error::ShuttingDown)?;
                self.write_prepared(&mut second, &lanes.following, prepared, &events).await?;
                at = at + events.len() as i64;
                reached(at);
            }
            Ok(())
        };
        let (led, followed) = tokio::join!(lead, follow);
        // As the connection had them.
        reset(connection).await?;
        // It is behind: what it cannot take comes first.
        followed.and(led)
    }

    fn ahead(&self, from: Position, to: Position, lane: Lane) -> Ahead {
        let bytes_max = self.memory_max / MEMORY_PER_BYTE;
        let budget = Budget { events_max: EVENTS_MAX, bytes_max };
        Ahead::new(self.log, self.generation, lane, from, to, budget)
    }

    /// Brings the models to the end of the batch; a copy without checkpoints may be given some of
    /// the events only.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        let models: Vec<&Model> = self.generation.models.iter().collect();
        self.write_in_parts(connection, &models, batch).await
    }

    async fn write_prepared(
        &self,
        connection: &mut PgConnection,
        models: &[&Model],
        prepared: Option<Prepared>,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        if let Some(prepared) = prepared {
            let names = self.generation.names(models);
            match prepared.write(connection, self.lease, names, batch).await {
                Err(error) if trouble::is_data(&error) => {}
                written => return written,
            }
        }
        self.write_in_parts(connection, models, batch).await
    }

    /// A batch that fails for what is in it is halved, so that all before the event that cannot be
    /// taken is written.
    async fn write_in_parts(
        &self,
        connection: &mut PgConnection,
        models: &[&Model],
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        match self.write_at_once(connection, models, batch).await {
            Err(error) if trouble::is_data(&error) && batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                Box::pin(self.write_in_parts(connection, models, first)).await?;
                Box::pin(self.write_in_parts(connection, models, second)).await
            }
            Err(error) if trouble::is_data(&error) => {
                let position = batch[0].recorded.position;
                Err(Error::Refused { position, source: Box::new(error) })
            }
            written => written,
        }
    }

    async fn write_at_once(
        &self,
        connection: &mut PgConnection,
        models: &[&Model],
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        let position = |event: Option<&Arc<LogEvent>>| {
            event.map_or(Position::START, |event| event.recorded.position)
        };
        let (first, last) = (position(batch.first()), position(batch.last()));
        let quarantined = match batch.iter().any(|event| event.event.is_err()) {
            true => event_store::quarantined_between(&mut *connection, first - 1, last).await?,
            false => BTreeSet::new(),
        };
        let arguments = arguments(models, &Changes::fold(batch, &quarantined)?);
        let names = self.generation.names(models);
        write(connection, self.lease, names, arguments, batch).await
    }
}

/// The events of some batches; `None` when no more will come.
async fn gather(passed_on: &mut mpsc::Receiver<Vec<Arc<LogEvent>>>) -> Option<Vec<Arc<LogEvent>>> {
    let mut gathered = passed_on.recv().await?;
    for _ in 1..GATHERED {
        let Some(more) = passed_on.recv().await else { break };
        gathered.extend(more);
    }
    Some(gathered)
}

async fn reset(connection: &mut PgConnection) -> Result<(), Error> {
    for (name, _) in LARGE {
        sqlx::query(&format!("reset {name}"))
            .execute(&mut *connection)
            .await
            .map_err(Error::database("set a connection up"))?;
    }
    set(connection, PLANNER).await
}
