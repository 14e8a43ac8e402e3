use std::error::Error;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{ConversationId, MessageId};

/// An aggregate: its default is what a stream without events is, `decide` its rules, `evolve` the
/// fold of its events.
///
/// Both are pure. Time, ids and chance come with the command.
pub trait Decider:
    Debug + Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The type of its streams, `events.aggregate_type`.
    const TYPE: &'static str;
    /// The shape of the state as snapshots keep it: raise it when a field changes, and older
    /// snapshots are ignored.
    const STATE_SCHEMA: i32;
    /// What names one of them. The event store, which holds streams of any, keeps it as the UUID
    /// that it is.
    type Id: Copy + From<Uuid> + Into<Uuid> + Send + Sync + 'static;
    /// What may be asked.
    type Command: Clone + Debug + Send + Sync + 'static;
    /// What may happen.
    type Event: StoredEvent;
    /// Why not.
    type Refusal: Error + PartialEq + Send + Sync + 'static;

    /// The rules. No events: the command is right, and nothing has to change.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Becomes the state after an event.
    fn evolve(&mut self, event: &Self::Event);

    /// What events' metadata and metrics call a command: `PostMessage` …
    fn name(command: &Self::Command) -> &'static str;

    /// The conversation that an event of a stream belongs to; `None` for events of the directory.
    fn conversation(_stream: Self::Id, _event: &Self::Event) -> Option<ConversationId> {
        None
    }

    /// The message that an event's private values belong to, if it does.
    fn subject(_event: &Self::Event) -> Option<MessageId> {
        None
    }

    /// What an event erases.
    fn erases(_event: &Self::Event) -> Option<Erasure> {
        None
    }
}

/// An event as it is kept: JSON under a name and a version.
pub trait StoredEvent:
    Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// `MessagePosted` …
    fn event_type(&self) -> &'static str;

    /// Which shape of it this is.
    fn event_version(&self) -> &'static str {
        "1"
    }
}

/// Private values that cannot be read any more once the event is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// All of the stream.
    Stream,
    /// Those of one message.
    Message(MessageId),
}
