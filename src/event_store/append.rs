use domain::Erasure;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::worker::Worker;
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
    /// The conversation that it belongs to.
    pub conversation: Option<Uuid>,
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
    /// Empty only claims the idempotency key.
    pub events: Vec<NewEvent>,
}

/// What became of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Committed.
    At {
        /// Of its first event, or with no events the log's head.
        position: i64,
        /// Of its first event, within the account; `None` with no events.
        account_position: Option<i64>,
    },
    /// Somebody else wrote to the stream first.
    Conflict,
    /// The idempotency key was used before, for the same request.
    Replayed,
    /// The idempotency key was used before, for another request.
    KeyReused,
}

/// Where an append's outcome goes.
pub(crate) type Reply = oneshot::Sender<Result<Appended, Error>>;

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
        let worker = Worker::new(log, settings);
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
