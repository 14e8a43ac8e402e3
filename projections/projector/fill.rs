use std::collections::BTreeSet;
use std::sync::Arc;

use event_store::{Budget, Lease, Log, LogEvent};
use sqlx::PgConnection;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{trouble, write};
use crate::changes::Changes;
use crate::model::Model;
use crate::planner::PLANNER;
use crate::{Error, Generation};

/// Bytes of memory that filling takes at most, about.
pub const MEMORY_MAX: usize = 256 << 20;
/// What a byte of the log takes at most on the way, about: three batches are under way, of which each event is there as
/// it was read, opened, and as the argument of a statement.
const MEMORY_PER_BYTE: usize = 40;
/// Events in one transaction.
const EVENTS_MAX: usize = 50_000;
/// Large batches are joined as a whole; the small ones that come later are looked up row by row.
const LARGE: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    ("plan_cache_mode", "force_custom_plan"),
    ("enable_hashjoin", "on"),
    ("enable_sort", "on"),
];

/// Fills all models of a generation, which stand at one position, in large steps: while one is written, the next one is
/// read. Indexes for questions are made when it is done.
pub(crate) struct Fill<'a> {
    pub(crate) log: &'a Log,
    pub(crate) lease: &'a Lease,
    pub(crate) generation: &'a Generation,
    pub(crate) memory_max: usize,
}

impl Fill<'_> {
    /// From one position to another; `reached` is told of each on the way.
    pub(crate) async fn run(
        &self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
        reached: &mut (dyn FnMut(i64) + Send),
    ) -> Result<(), Error> {
        set(connection, LARGE).await?;
        let filled = self.fill(connection, from, to, reached).await;
        // As the connection had them.
        reset(connection).await?;
        filled
    }

    async fn fill(
        &self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
        reached: &mut (dyn FnMut(i64) + Send),
    ) -> Result<(), Error> {
        let bytes_max = self.memory_max / MEMORY_PER_BYTE;
        let budget = Budget { events_max: EVENTS_MAX, bytes_max };
        let mut reading = JoinSet::new();
        let mut batches = read(self.log, from, to, budget, &mut reading);
        let mut at = from;
        while let Some(batch) = batches.recv().await {
            let batch = batch?;
            self.write(connection, at, &batch).await?;
            at += batch.len() as i64;
            reached(at);
        }
        Ok(())
    }

    /// Brings the models to the end of the batch. One that fails for what is in it is halved, so that all before the
    /// event that cannot be taken is written.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        at: i64,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        match self.write_at_once(connection, at, batch).await {
            Err(error) if trouble::is_data(&error) && batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                Box::pin(self.write(connection, at, first)).await?;
                Box::pin(self.write(connection, at + first.len() as i64, second)).await
            }
            Err(error) if trouble::is_data(&error) => {
                Err(Error::Refused { position: at + 1, source: Box::new(error) })
            }
            written => written,
        }
    }

    async fn write_at_once(
        &self,
        connection: &mut PgConnection,
        at: i64,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        let to = at + batch.len() as i64;
        let quarantined = match batch.iter().any(|event| event.event.is_err()) {
            true => event_store::quarantined_between(&mut *connection, at, to).await?,
            false => BTreeSet::new(),
        };
        let changes = Changes::fold(batch, &quarantined)?;
        let models: Vec<&Model> = self.generation.models.iter().collect();
        let names = self.generation.names(&models);
        write(connection, self.lease, (&models, names), &changes, at, batch).await
    }
}

/// Reads ahead, one batch.
pub(crate) fn read(
    log: &Log,
    from: i64,
    to: i64,
    budget: Budget,
    reading: &mut JoinSet<()>,
) -> mpsc::Receiver<Result<Vec<Arc<LogEvent>>, Error>> {
    let (batches, read) = mpsc::channel(1);
    // What is to be read is there.
    log.announce(to);
    let tail = log.tail();
    reading.spawn(async move {
        let mut at = from;
        while at < to {
            let batch = tail.read(at, budget).await.map_err(Error::from).map(|mut batch| {
                batch.truncate((to - at) as usize);
                batch
            });
            at += batch.as_ref().map_or(to, |batch| batch.len() as i64);
            let is_over = batch.as_ref().is_ok_and(Vec::is_empty);
            if is_over || batches.send(batch).await.is_err() {
                return;
            }
        }
    });
    read
}

async fn set(connection: &mut PgConnection, settings: &[(&str, &str)]) -> Result<(), Error> {
    for (name, value) in settings {
        sqlx::query("select set_config($1, $2, false)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .map_err(Error::database("set a connection up"))?;
    }
    Ok(())
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
