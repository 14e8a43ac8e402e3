use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use domain::Erasure;
use sqlx::Row;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Error, Idempotency, Log, Settings};

/// One event to be written, already encoded.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Unique; a batch sent twice is recognised by it.
    pub event_id: Uuid,
    /// The event's name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// A JSON object.
    pub payload: String,
    /// A JSON object of strings.
    pub metadata: String,
    /// The key that seals it, wrapped by the stream's.
    pub key: Option<Vec<u8>>,
    /// The message that it is about.
    pub subject: Option<Uuid>,
    /// What nobody can read any more once it is recorded.
    pub erases: Option<Erasure>,
}

/// Events for one stream, to be written all or none, if the stream is still at the expected version.
#[derive(Debug, Clone)]
pub struct Append {
    /// The aggregate's type.
    pub aggregate_type: &'static str,
    /// The stream.
    pub aggregate_id: String,
    /// How many events the stream has.
    pub expected_version: i64,
    /// The tenant.
    pub account: i64,
    /// Whose idempotency key it is.
    pub caller: String,
    /// The key, claimed in the same transaction.
    pub idempotency: Option<Idempotency>,
    /// The key of a stream that had none, wrapped by the master key.
    pub stream_key: Option<Vec<u8>>,
    /// None only claims the idempotency key.
    pub events: Vec<NewEvent>,
}

/// What became of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Committed; the position of its first event, or with no events the head's.
    At(i64),
    /// Somebody else wrote to the stream first.
    Conflict,
    /// The idempotency key was used before, for the same request.
    Replayed,
    /// The idempotency key was used before, for another request.
    KeyReused,
}

type Reply = oneshot::Sender<Result<Appended, Error>>;

/// The way into the log: collects the appends that wait while a transaction is in flight and writes them with
/// the next one. There is no artificial delay; a lone append is a batch of one.
#[derive(Debug, Clone)]
pub struct Appender {
    queue: mpsc::Sender<(Append, Reply)>,
}

impl Appender {
    /// Starts the appender's task. It ends when `stop` is cancelled and everything accepted is answered.
    pub fn start(log: Log, settings: &Settings, stop: CancellationToken) -> Self {
        let (queue, waiting) = mpsc::channel(settings.queue_length_max);
        let worker = Worker {
            log,
            batch_size_max: settings.batch_size_max,
            outage_max: settings.outage_max,
        };
        #[expect(clippy::disallowed_methods, reason = "it ends after `stop`, when nobody waits")]
        tokio::spawn(worker.run(waiting, stop));
        Self { queue }
    }

    /// Appends, and returns once the outcome is committed.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the queue is full.
    pub async fn append(&self, append: Append) -> Result<Appended, Error> {
        let (reply, outcome) = oneshot::channel();
        self.queue.try_send((append, reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Closed,
        })?;
        outcome.await.map_err(|_| Error::Closed)?
    }

    /// Appends that wait to be written.
    pub fn queue_length(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Appends that may wait.
    pub fn queue_length_max(&self) -> usize {
        self.queue.max_capacity()
    }
}

struct Worker {
    log: Log,
    batch_size_max: usize,
    outage_max: Duration,
}

impl Worker {
    async fn run(self, mut queue: mpsc::Receiver<(Append, Reply)>, stop: CancellationToken) {
        let mut waiting: VecDeque<(Append, Reply)> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let next = tokio::select! {
                    biased;
                    next = queue.recv() => next,
                    () = stop.cancelled() => { queue.close(); queue.recv().await }
                };
                match next {
                    Some(next) => waiting.push_back(next),
                    None => return,
                }
            }
            while waiting.len() < self.batch_size_max {
                match queue.try_recv() {
                    Ok(next) => waiting.push_back(next),
                    Err(_) => break,
                }
            }
            let batch = one_request_per_stream(&mut waiting, self.batch_size_max);
            metrics::gauge!("colloquy_append_queue_length")
                .set((queue.len() + waiting.len()) as f64);
            self.write(batch).await;
        }
    }

    /// Writes a batch and answers its callers. A batch that fails on its data is cut in half until the bad
    /// append stands alone.
    async fn write(&self, batch: Vec<(Append, Reply)>) {
        let mut pending = vec![batch];
        while let Some(mut batch) = pending.pop() {
            let started = Instant::now();
            match self.send(&batch).await {
                Ok(outcomes) => {
                    metrics::histogram!("colloquy_append_batch_size").record(batch.len() as f64);
                    metrics::histogram!("colloquy_append_seconds").record(started.elapsed());
                    self.announce(&batch, &outcomes);
                    for ((_, reply), outcome) in batch.into_iter().zip(outcomes) {
                        // A caller that went away is told nothing; its events are in the log all the same.
                        let _ = reply.send(Ok(outcome));
                    }
                }
                Err(Error::Unreachable { seconds }) => {
                    for (_, reply) in batch {
                        let _ = reply.send(Err(Error::Unreachable { seconds }));
                    }
                }
                Err(_) if batch.len() > 1 => {
                    let second_half = batch.split_off(batch.len() / 2);
                    pending.push(second_half);
                    pending.push(batch);
                }
                Err(error) => {
                    if let Some((_, reply)) = batch.pop() {
                        let _ = reply.send(Err(error));
                    }
                }
            }
        }
    }

    fn announce(&self, batch: &[(Append, Reply)], outcomes: &[Appended]) {
        let newest =
            batch.iter().zip(outcomes).filter_map(|((append, _), outcome)| match outcome {
                Appended::At(first) => Some(first + append.events.len() as i64 - 1),
                _ => None,
            });
        if let Some(newest) = newest.max() {
            metrics::gauge!("colloquy_log_position").set(newest as f64);
            self.log.announce(newest);
        }
    }

    /// Sends one batch, again while the connection breaks: events that an unclear commit did write are
    /// recognised by their ids, so nothing is written twice.
    async fn send(&self, batch: &[(Append, Reply)]) -> Result<Vec<Appended>, Error> {
        let started = Instant::now();
        let mut delay = Duration::from_millis(10);
        loop {
            match call(&self.log, batch.iter().map(|(append, _)| append)).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) if !is_outage(&error) => {
                    return Err(Error::Database { doing: "append to the log", source: error });
                }
                Err(error) if started.elapsed() > self.outage_max => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "PostgreSQL stays away"
                    );
                    return Err(Error::Unreachable { seconds: started.elapsed().as_secs() });
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the connection broke during an append, sending it again"
                    );
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(Duration::from_millis(500));
                }
            }
        }
    }
}

/// Takes the next batch. A second append to one stream expects a version that the first has yet to make, so it
/// stays for the next batch.
fn one_request_per_stream(
    waiting: &mut VecDeque<(Append, Reply)>,
    batch_size_max: usize,
) -> Vec<(Append, Reply)> {
    let mut streams = HashSet::new();
    let mut keys = HashSet::new();
    let mut batch = Vec::new();
    let mut later = VecDeque::new();
    for (append, reply) in waiting.drain(..) {
        let key = append
            .idempotency
            .as_ref()
            .map(|i| (append.account, append.caller.clone(), i.key.clone()));
        let fits = batch.len() < batch_size_max
            && !streams.contains(&append.aggregate_id)
            && key.as_ref().is_none_or(|key| !keys.contains(key));
        if fits {
            streams.insert(append.aggregate_id.clone());
            keys.extend(key);
            batch.push((append, reply));
        } else {
            later.push_back((append, reply));
        }
    }
    *waiting = later;
    batch
}

/// Connection trouble, as opposed to data that PostgreSQL refuses.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => true,
        // Class 08 connection exception, 57P0x the server goes down or comes up, 53 out of resources.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || code.starts_with("53")
        }),
        _ => false,
    }
}

async fn call(
    log: &Log,
    batch: impl Iterator<Item = &Append>,
) -> Result<Vec<Appended>, sqlx::Error> {
    let mut r = Requests::default();
    let mut e = Events::default();
    for (index, append) in batch.enumerate() {
        r.types.push(append.aggregate_type);
        r.aggregates.push(&append.aggregate_id);
        r.expected.push(append.expected_version);
        r.accounts.push(append.account);
        r.callers.push(&append.caller);
        r.keys.push(append.idempotency.as_ref().map(|i| i.key.as_str()));
        r.stream_keys.push(append.stream_key.as_deref());
        r.digests.push(append.idempotency.as_ref().map(|i| i.request_digest.as_slice()));
        for event in &append.events {
            e.requests.push(index as i32 + 1);
            e.ids.push(event.event_id);
            e.types.push(&event.event_type);
            e.versions.push(&event.event_version);
            e.payloads.push(&event.payload);
            e.metadata.push(&event.metadata);
            e.keys.push(event.key.as_deref());
            e.subjects.push(event.subject);
            e.erases.push(event.erases.map(|erasure| match erasure {
                Erasure::Stream => "stream".to_owned(),
                Erasure::Message(message) => message.to_string(),
            }));
        }
    }
    let rows = sqlx::query(
        "select outcome, first_position, aggregate
         from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
         order by request",
    )
    .bind(log.keys().master_id())
    .bind(&r.types)
    .bind(&r.aggregates)
    .bind(&r.expected)
    .bind(&r.accounts)
    .bind(&r.callers)
    .bind(&r.keys)
    .bind(&r.digests)
    .bind(&r.stream_keys)
    .bind(&e.requests)
    .bind(&e.ids)
    .bind(&e.types)
    .bind(&e.versions)
    .bind(&e.payloads)
    .bind(&e.metadata)
    .bind(&e.keys)
    .bind(&e.subjects)
    .bind(&e.erases)
    .fetch_all(log.pool())
    .await?;
    rows.into_iter()
        .map(|row| {
            let outcome: &str = row.try_get("outcome")?;
            Ok(match outcome {
                "appended" => Appended::At(row.try_get("first_position")?),
                "conflict" => Appended::Conflict,
                "key_reused" => Appended::KeyReused,
                _replayed => Appended::Replayed,
            })
        })
        .collect()
}

#[derive(Default)]
struct Requests<'a> {
    types: Vec<&'a str>,
    aggregates: Vec<&'a str>,
    expected: Vec<i64>,
    accounts: Vec<i64>,
    callers: Vec<&'a str>,
    keys: Vec<Option<&'a str>>,
    digests: Vec<Option<&'a [u8]>>,
    stream_keys: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct Events<'a> {
    requests: Vec<i32>,
    ids: Vec<Uuid>,
    types: Vec<&'a str>,
    versions: Vec<&'a str>,
    payloads: Vec<&'a str>,
    metadata: Vec<&'a str>,
    keys: Vec<Option<&'a [u8]>>,
    subjects: Vec<Option<Uuid>>,
    erases: Vec<Option<String>>,
}
