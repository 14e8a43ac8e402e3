use std::sync::Arc;

use domain::{AccountId, AccountPosition, ConversationId, Erasure, MessageId, Position};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::tail::Decoded;
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
    pub conversation: Option<ConversationId>,
    /// The event's encryption key, wrapped by the stream's key.
    pub key: Option<Vec<u8>>,
    /// The message that it is about.
    pub subject: Option<MessageId>,
    /// What recording this event makes unreadable.
    pub erases: Option<Erasure>,
    /// The decoded event, to be handed to the followers in this process; if `None`, they read it
    /// from the log.
    pub decoded: Option<Decoded>,
}

/// Events for one stream or several, to be written all or none, if every stream is still at its
/// expected version.
#[derive(Debug, Clone)]
pub struct Append {
    pub account: AccountId,
    /// Whose idempotency key it is.
    pub caller: String,
    /// The key, claimed in the same transaction.
    pub idempotency: Option<Idempotency>,
    /// At least one, each stream once. Events are numbered in this order.
    pub streams: Vec<StreamEvents>,
}

/// What an [`Append`] writes to one stream.
#[derive(Debug, Clone)]
pub struct StreamEvents {
    /// The aggregate's type.
    pub aggregate_type: &'static str,
    pub aggregate_id: String,
    /// How many events the stream must have.
    pub expected_version: i64,
    /// The new key of a stream that has none yet, wrapped by the master key.
    pub stream_key: Option<Vec<u8>>,
    /// If empty, only the stream's version is checked.
    pub events: Vec<NewEvent>,
}

/// The outcome of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// Committed.
    At {
        /// The position of its first event; without events, the log's head.
        position: Position,
        /// The account position of its first event; `None` without events.
        account_position: Option<AccountPosition>,
    },
    /// Another command wrote to a stream first.
    Conflict,
    /// The idempotency key was used before, for the same request.
    Replayed,
    /// The idempotency key was used before, for another request.
    KeyReused,
    /// The stream key that wraps the events' keys is gone: the database was restored to an earlier
    /// state.
    KeyLost,
}

impl Append {
    /// The events of all streams, in the order of their positions.
    pub(crate) fn events(&self) -> impl Iterator<Item = &NewEvent> {
        self.streams.iter().flat_map(|stream| &stream.events)
    }

    /// Bytes of payloads and metadata.
    pub(crate) fn bytes(&self) -> usize {
        self.events().map(|event| event.payload.len() + event.metadata.len()).sum()
    }
}

/// A queued append, and the channel for its outcome.
pub(crate) struct Waiting {
    pub(crate) append: Append,
    pub(crate) bytes: usize,
    reply: oneshot::Sender<Result<Appended, Error>>,
    /// Its share of the bytes that may be queued, released on drop.
    _room: OwnedSemaphorePermit,
}

impl Waiting {
    /// The caller may have gone; its events are in the log all the same.
    pub(crate) fn answer(self, outcome: Result<Appended, Error>) {
        let _ = self.reply.send(outcome);
    }
}

/// Group commit: collects the appends that arrive while a transaction is in flight and writes them
/// with the next one. There is no artificial delay; a lone append is a batch of one.
#[derive(Debug, Clone)]
pub struct Appender {
    queue: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    room_max: usize,
}

impl Appender {
    /// Starts the appender's task. It ends when `stop` is cancelled and everything accepted is
    /// answered.
    pub fn start(log: Log, settings: &Settings, stop: CancellationToken) -> Self {
        let (queue, waiting) = mpsc::channel(settings.queue_length_max);
        let worker = Worker::new(log, settings);
        #[expect(clippy::disallowed_methods, reason = "it ends after `stop`, and is not awaited")]
        tokio::spawn(worker.run(waiting, stop));
        let room_max = settings.queue_bytes_max.min(Semaphore::MAX_PERMITS);
        Self { queue, room: Arc::new(Semaphore::new(room_max)), room_max }
    }

    /// Appends, and returns once the outcome is committed.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the queue is full, by number or by bytes.
    pub async fn append(&self, append: Append) -> Result<Appended, Error> {
        let (reply, outcome) = oneshot::channel();
        let bytes = append.bytes();
        let wanted = u32::try_from(bytes.min(self.room_max)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(wanted);
        let room = room.map_err(|_| Error::Overloaded)?;
        let waiting = Waiting { append, bytes, reply, _room: room };
        self.queue.try_send(waiting).map_err(|error| match error {
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
