use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Position;
use event_store::{Budget, Lease, Log, LogEvent};
use sqlx::PgConnection;
use tokio::sync::{Semaphore, mpsc};

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
/// The part of the memory that is for the events that wait for the second connection, and for those
/// that it writes; the rest is for those that are read.
const FOR_GATHERED: (usize, usize) = (2, 3);
/// However much memory there is: what is written in one statement must not exceed what PostgreSQL
/// takes.
const GATHERED_MAX: usize = 192 << 20;
/// What a byte of the log takes at most while it is read, about: there is what the log holds,
/// opened, and what is to be written.
const MEMORY_PER_BYTE: usize = (AT_ONCE + 1) * 12;
/// Planned anew for each batch: the tables grow from nothing. Even so many rows are looked up one
/// by one, as those of the small batches are that come later: what joins them as a whole reads the
/// whole table for each batch.
const LARGE: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    // A process that is stopped in a transaction keeps nobody waiting.
    ("idle_in_transaction_session_timeout", "10s"),
    ("plan_cache_mode", "force_custom_plan"),
];

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
                self.write_prepared(connection, Lane::Following, prepared, &events).await?;
            }
            Ok(Some(leading))
        };
        let levelled = levelled.await;
        reset(connection).await?;
        levelled
    }

    /// From one position, at which all models are, to another; `reached` is told of where those are
    /// that lead, and those that follow.
    pub(crate) async fn run(
        &self,
        connection: &mut PgConnection,
        from: Position,
        to: Position,
        reached: &mut (dyn FnMut(Position, Position) + Send),
    ) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        let mut second = dedicated(self.log, self.generation).await?;
        set(connection, LARGE).await?;
        set(&mut second, LARGE).await?;
        // Half is for what is written, half for what waits meanwhile. No batch takes more than that
        // half, so there is room for another one as long as less than that is gathered.
        let gathered_max = self.gathered_max();
        let room = Arc::new(Semaphore::new(2 * gathered_max));
        let (pass_on, passed_on) = mpsc::unbounded_channel();
        let lead = async {
            let (mut ahead, pass_on) = (self.ahead(from, to, Lane::Leading), pass_on);
            while let Some(Batch { mut events, prepared }) = ahead.next().await? {
                self.write_prepared(connection, Lane::Leading, prepared, &events).await?;
                let weight: usize = events.iter_mut().map(LogEvent::free_stored).sum();
                let place = room.clone().acquire_many_owned(weight.min(gathered_max) as u32).await;
                let place = place.map_err(|_| Error::ShuttingDown)?;
                if pass_on.send((events, place)).is_err() {
                    // Whoever follows says why.
                    break;
                }
            }
            Ok(())
        };
        let follow = async {
            let (mut passed_on, mut led, mut followed) = (passed_on, from, from);
            while let Some((mut gathered, mut place)) = passed_on.recv().await {
                led = led + gathered.len() as i64;
                while place.num_permits() < gathered_max
                    && let Some((more, further)) = passed_on.recv().await
                {
                    led = led + more.len() as i64;
                    reached(led, followed);
                    gathered.extend(more);
                    place.merge(further);
                }
                let generation = self.generation.clone();
                let prepare = move || Batch::prepare(gathered, &generation, Lane::Following);
                let batch = tokio::task::spawn_blocking(prepare).await;
                let Batch { events, prepared } = batch.map_err(|_| Error::ShuttingDown)?;
                self.write_prepared(&mut second, Lane::Following, prepared, &events).await?;
                followed = led;
                reached(led, followed);
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
        let (gathered, all) = FOR_GATHERED;
        let bytes_max = self.memory_max / all * (all - gathered) / MEMORY_PER_BYTE;
        let budget = Budget { events_max: EVENTS_MAX, bytes_max };
        Ahead::new(self.log, self.generation, lane, from, to, budget)
    }

    /// What is written by the second connection at once takes about so many bytes.
    fn gathered_max(&self) -> usize {
        let (gathered, all) = FOR_GATHERED;
        (self.memory_max / all * gathered).min(GATHERED_MAX) / 2
    }

    /// Brings the models to the end of the batch; a copy without checkpoints may be given some of
    /// the events only.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        self.write_in_parts(connection, None, batch).await
    }

    async fn write_prepared(
        &self,
        connection: &mut PgConnection,
        lane: Lane,
        prepared: Option<Prepared>,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        if let Some(prepared) = prepared {
            let names = self.generation.names(&self.models(Some(lane)));
            match prepared.write(connection, self.lease, names, batch).await {
                Err(error) if trouble::is_data(&error) => {}
                written => return written,
            }
        }
        self.write_in_parts(connection, Some(lane), batch).await
    }

    /// Those of a lane, if one is named.
    fn models(&self, lane: Option<Lane>) -> Vec<&Model> {
        match lane {
            Some(lane) => Lanes::of(self.generation).models(lane).to_vec(),
            None => self.generation.models.iter().collect(),
        }
    }

    /// A batch that fails for what is in it is halved, so that all before the event that cannot be
    /// taken is written.
    async fn write_in_parts(
        &self,
        connection: &mut PgConnection,
        lane: Option<Lane>,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        match self.write_at_once(connection, lane, batch).await {
            Err(error) if trouble::is_data(&error) && batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                Box::pin(self.write_in_parts(connection, lane, first)).await?;
                Box::pin(self.write_in_parts(connection, lane, second)).await
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
        lane: Option<Lane>,
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
        let models = self.models(lane);
        let arguments = arguments(&models, &Changes::fold_for(lane, batch, &quarantined)?);
        let names = self.generation.names(&models);
        write(connection, self.lease, names, arguments, batch).await
    }
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
