use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use domain::Position;
use event_store::{Budget, Log, LogEvent};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::lanes::Lanes;
use super::write::Prepared;
use crate::changes::{Changes, Lane};
use crate::{Error, Generation};

/// Ranges that are read concurrently.
pub(super) const AT_ONCE: usize = 3;

/// Reads ahead and returns batches in order. Several ranges are read at once, because decrypting,
/// decoding and folding take long.
pub(super) struct Ahead {
    log: Log,
    generation: Generation,
    lane: Lane,
    budget: Budget,
    /// Where to end.
    to: Position,
    /// Ranges being read, each with the positions before its first event and of its last.
    ranges: VecDeque<(Position, Position, oneshot::Receiver<Read>)>,
    tasks: JoinSet<()>,
    /// The end of the newest range; nothing beyond is being read.
    planned: Position,
}

type Read = Result<Batch, Error>;

/// Events, folded for the models of a lane. `prepared` is `None` where an event cannot be read:
/// whether it is quarantined is looked up when the batch is written.
pub(super) struct Batch {
    pub(super) events: Vec<Arc<LogEvent>>,
    pub(super) prepared: Option<Prepared>,
}

impl Batch {
    pub(super) fn prepare(events: Vec<Arc<LogEvent>>, generation: &Generation, lane: Lane) -> Self {
        let lanes = Lanes::of(generation);
        let changes = Changes::fold_for(Some(lane), &events, &BTreeSet::new());
        let prepare = |changes| Prepared::new(lanes.models(lane), events.len(), changes);
        let prepared = changes.ok().map(prepare);
        Self { events, prepared }
    }
}

impl Ahead {
    pub(super) fn new(
        log: &Log,
        generation: &Generation,
        lane: Lane,
        from: Position,
        to: Position,
        budget: Budget,
    ) -> Self {
        let (log, generation) = (log.clone(), generation.clone());
        let (ranges, tasks) = (VecDeque::new(), JoinSet::new());
        Self { log, generation, lane, budget, to, ranges, tasks, planned: from }
    }

    fn begin(
        &mut self,
        from: Position,
        to: Position,
    ) -> (Position, Position, oneshot::Receiver<Read>) {
        let (tail, generation) = (self.log.tail(), self.generation.clone());
        let events_max = self.budget.events_max.min((to - from) as usize);
        let (lane, budget) = (self.lane, Budget { events_max, ..self.budget });
        let (done, read) = oneshot::channel();
        self.tasks.spawn(async move {
            let events = tail.fetch(from, budget).await.map_err(Error::from);
            let _ = done.send(events.map(|events| Batch::prepare(events, &generation, lane)));
        });
        (from, to, read)
    }

    /// The next events; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, Error> {
        // Finished tasks stay in the set until they are joined.
        while self.tasks.try_join_next().is_some() {}
        while self.ranges.len() < AT_ONCE && self.planned < self.to {
            let to = self.to.min(self.planned + self.budget.events_max as i64);
            let range = self.begin(self.planned, to);
            self.ranges.push_back(range);
            self.planned = to;
        }
        let Some((from, to, read)) = self.ranges.pop_front() else { return Ok(None) };
        let batch = read.await.map_err(|_| Error::ShuttingDown)??;
        let reached = from + batch.events.len() as i64;
        if batch.events.is_empty() {
            return Err(event_store::Error::Hole { expected: from.next(), found: to }.into());
        }
        if reached < to {
            // The range was larger than the budget in bytes: its rest is read now.
            let rest = self.begin(reached, to);
            self.ranges.push_front(rest);
        }
        Ok(Some(batch))
    }
}
