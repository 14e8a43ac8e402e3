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

/// About the most memory that filling takes, in bytes.
pub const MEMORY_MAX: usize = 256 << 20;
/// Most events in one transaction of the first connection.
const EVENTS_MAX: usize = 2_000;
/// The fraction (2/3) of the memory for events that wait for the second connection or are being
/// written by it; the rest is for reading ahead.
const FOR_GATHERED: (usize, usize) = (2, 3);
/// Upper bound whatever the memory budget: PostgreSQL limits the size of one statement's arguments.
const GATHERED_MAX: usize = 192 << 20;
/// About the most memory that a byte of the log takes while it is read: as stored, as decrypted and
/// as arguments to write, for all ranges at once.
const MEMORY_PER_BYTE: usize = (AT_ONCE + 1) * 12;
/// Settings for large batches. Each batch is planned anew, because the tables grow from empty. Rows
/// are still looked up one by one, as for the small batches that come later: any other join would
/// read the whole table for each batch.
const LARGE: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    // A process that is suspended within a transaction must not keep others waiting.
    ("idle_in_transaction_session_timeout", "10s"),
    ("plan_cache_mode", "force_custom_plan"),
];

/// Fills all models of a generation in large batches, reading the next ones while one is written.
/// Two connections write, each its own models; the second one follows the first over the same
/// events. Indexes for queries are created afterwards.
pub(crate) struct Fill<'a> {
    pub(crate) log: &'a Log,
    pub(crate) lease: &'a Lease,
    pub(crate) generation: &'a Generation,
    pub(crate) memory_max: usize,
}

impl Fill<'_> {
    /// Whether filling can resume from where the models are: the following ones may be behind the
    /// leading ones, as after an interrupted run.
    pub(crate) fn can_go_on(&self, standing: &Standing) -> bool {
        Lanes::of(self.generation).fronts(standing).is_some()
    }

    /// Brings the following models to the position of the leading ones and returns it; `None` if
    /// filling cannot resume from where the models are.
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

    /// Fills from one position, at which all models are, to another. `reached` is called with the
    /// positions of the leading and of the following models.
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
        // Half of the room is for what the second connection writes, half for what is gathered
        // meanwhile. A batch takes at most half, so another one fits as long as less than half is
        // gathered.
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
                    // The second connection has failed, and returns the error.
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
        // Restores the caller's settings.
        reset(connection).await?;
        // The second connection's error comes first: its event is the earlier one.
        followed.and(led)
    }

    fn ahead(&self, from: Position, to: Position, lane: Lane) -> Ahead {
        let (gathered, all) = FOR_GATHERED;
        let bytes_max = self.memory_max / all * (all - gathered) / MEMORY_PER_BYTE;
        let budget = Budget { events_max: EVENTS_MAX, bytes_max };
        Ahead::new(self.log, self.generation, lane, from, to, budget)
    }

    /// About the bytes of events that the second connection writes at once.
    fn gathered_max(&self) -> usize {
        let (gathered, all) = FOR_GATHERED;
        (self.memory_max / all * gathered).min(GATHERED_MAX) / 2
    }

    /// Brings the models to the end of the batch. A copy without checkpoints may be given a
    /// selection of events.
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

    /// The models of a lane; all if `lane` is `None`.
    fn models(&self, lane: Option<Lane>) -> Vec<&Model> {
        match lane {
            Some(lane) => Lanes::of(self.generation).models(lane).to_vec(),
            None => self.generation.models.iter().collect(),
        }
    }

    /// A batch that fails because of its content is halved, so that everything before the event
    /// that cannot be applied is written.
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
