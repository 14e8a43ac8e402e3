use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use domain::Position;
use event_store::{Budget, Lease, Log, LogEvent, Tail};
use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::connection::set;
use super::{trouble, write};
use crate::changes::Changes;
use crate::model::Model;
use crate::planner::PLANNER;
use crate::{Error, Generation};

/// Bytes of memory that filling takes at most, about.
pub const MEMORY_MAX: usize = 256 << 20;
/// Ranges that are read at once.
const AT_ONCE: usize = 3;
/// What a byte of the log takes at most on the way, about: so many ranges and one more are under
/// way, of which each event is there as it was read, opened, and as the argument of a statement.
const MEMORY_PER_BYTE: usize = (AT_ONCE + 1) * 12;
/// Events in one transaction. Twice as many would save a twelfth of the database's work, and take
/// half as much memory more.
const EVENTS_MAX: usize = 4_000;
/// Planned anew for each batch: the tables grow from nothing. Even so many rows are looked up one
/// by one, as those of the small batches are that come later: what joins them as a whole reads the
/// whole table for each batch.
const LARGE: &[(&str, &str)] =
    &[("statement_timeout", "0"), ("plan_cache_mode", "force_custom_plan")];

/// Fills all models of a generation, which stand at one position, in large steps: while one is
/// written, the next one is read. Indexes for questions are made when it is done.
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
        from: Position,
        to: Position,
        reached: &mut (dyn FnMut(Position) + Send),
    ) -> Result<(), Error> {
        let bytes_max = self.memory_max / MEMORY_PER_BYTE;
        let budget = Budget { events_max: EVENTS_MAX, bytes_max };
        set(connection, LARGE).await?;
        let filling = async {
            let mut ahead = Ahead::new(self.log, from, to, budget);
            let mut at = from;
            while let Some(batch) = ahead.next().await? {
                self.write(connection, &batch).await?;
                at = at + batch.len() as i64;
                reached(at);
            }
            Ok(())
        };
        let filled = filling.await;
        // As the connection had them.
        reset(connection).await?;
        filled
    }

    /// Brings the models to the end of the batch; a copy without checkpoints may be given some of
    /// the events only. A batch that fails for what is in it is halved, so that all before the
    /// event that cannot be taken is written.
    pub(crate) async fn write(
        &self,
        connection: &mut PgConnection,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        match self.write_at_once(connection, batch).await {
            Err(error) if trouble::is_data(&error) && batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                Box::pin(self.write(connection, first)).await?;
                Box::pin(self.write(connection, second)).await
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
        let changes = Changes::fold(batch, &quarantined)?;
        let models: Vec<&Model> = self.generation.models.iter().collect();
        let names = self.generation.names(&models);
        let from = last - batch.len() as i64;
        write(connection, self.lease, (&models, names), &changes, from, batch).await
    }
}

/// Reads ahead, in order: several ranges at once, for opening and decoding takes longer than
/// anything else.
struct Ahead {
    tail: Tail,
    budget: Budget,
    /// Up to here.
    to: Position,
    /// Ranges under way, each with where it begins and ends.
    ranges: VecDeque<(Position, Position, oneshot::Receiver<Read>)>,
    tasks: JoinSet<()>,
    /// Nothing beyond is under way.
    planned: Position,
}

type Read = Result<Vec<Arc<LogEvent>>, Error>;

impl Ahead {
    fn new(log: &Log, from: Position, to: Position, budget: Budget) -> Self {
        let (ranges, tasks) = (VecDeque::new(), JoinSet::new());
        Self { tail: log.tail(), budget, to, ranges, tasks, planned: from }
    }

    fn begin(
        &mut self,
        from: Position,
        to: Position,
    ) -> (Position, Position, oneshot::Receiver<Read>) {
        let (tail, budget) = (self.tail.clone(), self.budget);
        let (done, read) = oneshot::channel();
        self.tasks.spawn(async move {
            let events = tail.fetch(from, budget).await.map_err(Error::from);
            let _ = done.send(events.map(|mut events| {
                events.truncate((to - from) as usize);
                events
            }));
        });
        (from, to, read)
    }

    /// The next events; `None` at the end.
    async fn next(&mut self) -> Result<Option<Vec<Arc<LogEvent>>>, Error> {
        // Those that are done leave their handles.
        while self.tasks.try_join_next().is_some() {}
        while self.ranges.len() < AT_ONCE && self.planned < self.to {
            let to = self.to.min(self.planned + self.budget.events_max as i64);
            let range = self.begin(self.planned, to);
            self.ranges.push_back(range);
            self.planned = to;
        }
        let Some((from, to, read)) = self.ranges.pop_front() else { return Ok(None) };
        let events = read.await.map_err(|_| Error::ShuttingDown)??;
        let reached = from + events.len() as i64;
        if events.is_empty() {
            return Err(event_store::Error::Hole { expected: from.next(), found: to }.into());
        }
        if reached < to {
            // They were too large to be read together.
            let rest = self.begin(reached, to);
            self.ranges.push_front(rest);
        }
        Ok(Some(events))
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
