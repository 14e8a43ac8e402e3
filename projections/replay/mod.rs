//! Rebuilds read models from the log: beside those that are shown, to replace them or to be
//! compared with them, or as of an earlier position.
//!
//! All of it is the ordinary filling ([`crate::projector`]) of another [`Generation`]. Deliberately
//! not here: anything that writes the rows that are shown. To build a copy for another purpose,
//! make a file.

mod compare;
mod locks;
mod origin;
mod rebuild;
mod refold;
mod switch;
mod verify;
mod what_if;

use std::time::{Duration, Instant};

use domain::Position;
use event_store::{Lease, Log, lead_once};
use sqlx::{Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use compare::Difference;
pub use verify::Verified;

use crate::Error;
use crate::generation::{Generation, quoted};
use crate::projector::Fill;

/// An interrupted run keeps its lease until that expires.
const LEASE_RUNS_OUT_WITHIN: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(200);
/// So few events are written in a moment.
const NEAR: i64 = 1_000;

/// Builds read models from the log again.
#[derive(Debug, Clone)]
pub struct Replay {
    log: Log,
    live: Generation,
    /// The id of this process, for leases.
    node: Uuid,
    memory_max: usize,
    /// At most this many events behind what is shown, the rest is written together with the switch.
    pub(crate) near: i64,
    stop: CancellationToken,
}

/// How far building has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Filling, at a position on the way to another one.
    Filled {
        /// Filled up to here; where some models are ahead of others, half-way between.
        at: Position,
        /// To be filled up to here; the log may grow meanwhile.
        to: Position,
    },
    /// Creating the indexes.
    Indexing,
    /// Comparing rows.
    Comparing,
    /// Waiting for a moment without readers to replace what is shown.
    Switching,
}

impl Step {
    fn filled(led: Position, followed: Position, to: Position) -> Self {
        Self::Filled { at: followed + (led - followed) / 2, to }
    }
}

/// Called with each step.
pub type Report<'a> = &'a mut (dyn FnMut(Step) + Send);

impl Replay {
    /// Replays the read models that nodes of this version show. `memory_max` is in bytes.
    pub fn new(log: Log, node: Uuid, memory_max: usize) -> Self {
        Self::of(Generation::live(), log, node, memory_max)
    }

    pub(crate) fn of(live: Generation, log: Log, node: Uuid, memory_max: usize) -> Self {
        Self { log, live, node, memory_max, near: NEAR, stop: CancellationToken::new() }
    }

    /// Makes work in progress end with [`Error::ShuttingDown`] and release its lease.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Some models with their relatives; all, if none is named.
    fn chosen(&self, names: &[&str]) -> Generation {
        match names {
            [] => self.live.clone(),
            names => self.live.with_relatives(names),
        }
    }

    /// Works under a lease, after waiting for one that an interrupted run has left. If the lease is
    /// lost, as when the database does not answer for longer than it lasts, it is taken again and
    /// the work starts over: what it had written is only in schemas that belong to the lease.
    async fn under<T>(
        &self,
        lease: &str,
        mut work: impl AsyncFnMut(&Lease) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut asked = Instant::now();
        loop {
            let once = async |lease: &Lease| {
                let worked = self.stop.run_until_cancelled(work(lease)).await;
                worked.unwrap_or(Err(Error::ShuttingDown))
            };
            match lead_once(self.log.pool(), lease, self.node, once).await {
                Ok(Some(done)) => return Ok(done),
                Err(error) if is_lost_lease(&error) => asked = Instant::now(),
                Err(error) => return Err(error),
                Ok(None) if self.stop.is_cancelled() => return Err(Error::ShuttingDown),
                Ok(None) if asked.elapsed() < LEASE_RUNS_OUT_WITHIN => {
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(None) => return Err(Error::UnderWay { lease: lease.to_owned() }),
            }
        }
    }

    fn fill<'a>(&'a self, lease: &'a Lease, generation: &'a Generation) -> Fill<'a> {
        Fill { log: &self.log, lease, generation, memory_max: self.memory_max }
    }
}

fn is_lost_lease(error: &Error) -> bool {
    match error {
        Error::Log(event_store::Error::LeaseLost { .. }) => true,
        Error::Database { source: sqlx::Error::Database(error), .. } => {
            error.code().as_deref() == Some("CQ001")
        }
        _ => false,
    }
}

/// Creates the empty tables of a copy in one schema, on a connection for it.
async fn make(connection: &mut PgConnection, copy: &Generation, schema: &str) -> Result<(), Error> {
    let failed = Error::database;
    let create = format!("create schema {}", quoted(schema));
    connection.execute(create.as_str()).await.map_err(failed("make a schema"))?;
    for model in copy.models.iter() {
        connection.execute(model.schema).await.map_err(failed("make a read model"))?;
    }
    Ok(())
}

async fn drop_schema(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    let drop = format!(
        "set client_min_messages = warning;
         drop schema if exists {} cascade;
         reset client_min_messages",
        quoted(schema)
    );
    connection.execute(drop.as_str()).await.map_err(Error::database("drop a schema"))?;
    Ok(())
}
