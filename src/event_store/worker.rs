use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use domain::Position;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::append::Waiting;
use crate::call::Line;
use crate::tail::{Written, as_recorded};
use crate::{Append, Appended, Error, Log, Settings, causes, is_outage};

/// The appender's task: writes batches to the log, one after the other. Beside it, only a
/// [`Turn`](crate::turn::Turn) appends in this process.
pub(crate) struct Worker {
    log: Log,
    line: Line,
    batch_size_max: usize,
    batch_bytes_max: usize,
    outage_max: Duration,
}

type Batch = Vec<Waiting>;

/// A panic here is fatal: without this task the process cannot append any more.
impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.log.availability().fail("the appender has ended");
        }
    }
}

/// Pause between two probes whether PostgreSQL is back.
const PAUSE: Duration = Duration::from_millis(100);

impl Worker {
    pub(crate) fn new(log: Log, settings: &Settings) -> Self {
        Self {
            line: Line::new(&log),
            log,
            batch_size_max: settings.batch_size_max,
            batch_bytes_max: settings.batch_bytes_max,
            outage_max: settings.outage_max,
        }
    }

    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
        let mut waiting: VecDeque<Waiting> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let next = tokio::select! {
                    biased;
                    next = queue.recv() => next,
                    () = stop.cancelled() => { queue.close(); queue.recv().await }
                };
                match next {
                    Some(next) => waiting.push_back(next),
                    None => return self.line.close().await,
                }
            }
            while waiting.len() < self.batch_size_max {
                match queue.try_recv() {
                    Ok(next) => waiting.push_back(next),
                    Err(_) => break,
                }
            }
            let (size_max, bytes_max) = (self.batch_size_max, self.batch_bytes_max);
            let batch = one_request_per_stream(&mut waiting, size_max, bytes_max);
            metrics::gauge!("colloquy_append_queue_length")
                .set((queue.len() + waiting.len()) as f64);
            if self.write(batch).await.is_err() {
                self.refuse_until_it_is_back(&mut waiting, &mut queue, &stop).await;
            }
        }
    }

    /// Writes a batch and answers its callers. A batch that fails on its data is cut in half until
    /// the bad append stands alone.
    ///
    /// # Errors
    /// [`Error::Unreachable`]: PostgreSQL is unreachable. All callers are answered.
    async fn write(&mut self, batch: Batch) -> Result<(), Error> {
        let mut pending = vec![batch];
        while let Some(mut batch) = pending.pop() {
            let started = Instant::now();
            let known = self.log.newest_seen();
            match self.send(&batch).await {
                Ok(written) => {
                    metrics::histogram!("colloquy_append_batch_size").record(batch.len() as f64);
                    metrics::histogram!("colloquy_append_seconds").record(started.elapsed());
                    let outcomes: Vec<_> =
                        written.iter().map(|written| written.outcome.clone()).collect();
                    let appends = batch.iter_mut().map(|waiting| &mut waiting.append);
                    announce(&self.log, known, appends.zip(written));
                    for (waiting, outcome) in batch.into_iter().zip(outcomes) {
                        waiting.answer(Ok(outcome));
                    }
                }
                Err(Error::Unreachable) => {
                    batch.into_iter().for_each(|waiting| waiting.answer(Err(Error::Unreachable)));
                    for waiting in pending.into_iter().flatten() {
                        waiting.answer(Err(Error::Unavailable));
                    }
                    return Err(Error::Unreachable);
                }
                Err(_) if batch.len() > 1 => {
                    let second_half = batch.split_off(batch.len() / 2);
                    pending.push(second_half);
                    pending.push(batch);
                }
                Err(error) => {
                    if let Some(waiting) = batch.pop() {
                        waiting.answer(Err(error));
                    }
                }
            }
        }
        Ok(())
    }

    /// Refuses all appends until PostgreSQL is back: otherwise each batch would wait as long as the
    /// first one did, one after the other.
    async fn refuse_until_it_is_back(
        &mut self,
        waiting: &mut VecDeque<Waiting>,
        queue: &mut mpsc::Receiver<Waiting>,
        stop: &CancellationToken,
    ) {
        let availability = self.log.availability().clone();
        availability.set_appending(Some("events cannot be appended"));
        loop {
            waiting.extend(std::iter::from_fn(|| queue.try_recv().ok()));
            waiting.drain(..).for_each(|waiting| waiting.answer(Err(Error::Unavailable)));
            if self.line.is_open().await.is_ok() || stop.is_cancelled() {
                return availability.set_appending(None);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Sends one batch, and sends it again while the connection breaks. Events that an unclear
    /// commit has written are recognised by their ids, so nothing is written twice.
    async fn send(&mut self, batch: &[Waiting]) -> Result<Vec<Written>, Error> {
        let started = Instant::now();
        let (mut delay, mut told) = (Duration::from_millis(10), false);
        loop {
            match self.line.append(batch.iter().map(|waiting| &waiting.append)).await {
                Ok(written) => {
                    self.log.availability().answered();
                    return Ok(written);
                }
                Err(error) if !is_outage(&error) => {
                    return Err(Error::Database { doing: "append to the log", source: error });
                }
                Err(error) if started.elapsed() > self.outage_max => {
                    // A database error, such as a full disk, comes from a server that can be
                    // reached.
                    match error.as_database_error() {
                        Some(_) => {
                            tracing::error!(error = causes(&error), "PostgreSQL takes no events")
                        }
                        None => {
                            tracing::error!(error = causes(&error), "PostgreSQL is unreachable")
                        }
                    }
                    return Err(Error::Unreachable);
                }
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            error = causes(&error),
                            "an append failed, sending it again"
                        );
                    }
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(Duration::from_millis(500));
                }
            }
        }
    }
}

/// Hands new events to the followers. They follow everything that was known before they were sent,
/// unless the database was restored to an earlier state.
pub(crate) fn announce<'a>(
    log: &Log,
    known: Option<Position>,
    appended: impl Iterator<Item = (&'a mut Append, Written)>,
) {
    let (mut newest, mut events) = (None, Vec::new());
    for (append, written) in appended {
        let count = append.events().count() as i64;
        if let Appended::At { position, .. } = written.outcome
            && count > 0
        {
            newest = newest.max(Some(position + (count - 1)));
        }
        events.extend(as_recorded(append, written));
    }
    let Some(newest) = newest else { return };
    match known.filter(|known| newest <= *known) {
        None => log.ring().appended(events),
        Some(known) => {
            let what = format!("its log had {known} events, and event {newest} is a new one");
            log.availability().fail_for_lost_time(what);
        }
    }
    metrics::gauge!("colloquy_log_position").set(newest.get() as f64);
    log.appended(newest);
}

/// Takes the next batch, with at most one append per stream: a second one expects a version that
/// the first has yet to create, so it stays for the next batch, with all of its streams.
fn one_request_per_stream(
    waiting: &mut VecDeque<Waiting>,
    batch_size_max: usize,
    batch_bytes_max: usize,
) -> Batch {
    let mut streams = HashSet::new();
    let mut keys = HashSet::new();
    let mut bytes = 0;
    let mut batch = Vec::new();
    let mut later = VecDeque::new();
    for next in waiting.drain(..) {
        let append = &next.append;
        let key = append
            .idempotency
            .as_ref()
            .map(|i| (append.account, append.caller.clone(), i.key.clone()));
        let has_room = batch.is_empty()
            || (batch.len() < batch_size_max && bytes + next.bytes <= batch_bytes_max);
        let fits = has_room
            && append.streams.iter().all(|stream| !streams.contains(&stream.aggregate_id))
            && key.as_ref().is_none_or(|key| !keys.contains(key));
        // Also for an append that stays: later ones may be for the same stream, and must not
        // overtake it.
        streams.extend(append.streams.iter().map(|stream| stream.aggregate_id.clone()));
        keys.extend(key);
        if fits {
            bytes += next.bytes;
            batch.push(next);
        } else {
            later.push_back(next);
        }
    }
    *waiting = later;
    batch
}
