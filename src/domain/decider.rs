use std::error::Error;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{ConversationId, MessageId};

/// An aggregate: `Default` is the state of a stream without events, `decide` holds the rules,
/// `evolve` folds the events.
///
/// Both functions are pure. Time, ids and randomness come with the command.
pub trait Decider:
    Debug + Default + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The type of its streams, stored in `events.aggregate_type`.
    const TYPE: &'static str;
    /// The version of the state's shape in snapshots: raise it when a field changes, and older
    /// snapshots are ignored.
    const STATE_SCHEMA: i32;
    /// The id of a stream. The event store holds streams of all aggregates and keeps the id as a
    /// plain UUID.
    type Id: Copy + From<Uuid> + Into<Uuid> + Send + Sync + 'static;
    /// The commands that it accepts.
    type Command: Clone + Debug + Send + Sync + 'static;
    /// The events that it records.
    type Event: StoredEvent;
    /// Why a command is refused.
    type Refusal: Error + PartialEq + Send + Sync + 'static;

    /// Applies the rules to a command. No events: the command is valid, and nothing has to change.
    ///
    /// # Errors
    /// The first rule that the command breaks.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Applies an event to the state.
    fn evolve(&mut self, event: &Self::Event);

    /// The command's name in event metadata and metrics: `PostMessage` …
    fn name(command: &Self::Command) -> &'static str;

    /// The conversation that an event of a stream belongs to; `None` for events of the directory.
    fn conversation(_stream: Self::Id, _event: &Self::Event) -> Option<ConversationId> {
        None
    }

    /// The message that an event's private values belong to, if any.
    fn subject(_event: &Self::Event) -> Option<MessageId> {
        None
    }

    /// What an event erases, if anything.
    fn erases(_event: &Self::Event) -> Option<Erasure> {
        None
    }
}

/// An event as it is stored: JSON with a name and a version.
pub trait StoredEvent:
    Debug + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The event's name: `MessagePosted` …
    fn event_type(&self) -> &'static str;

    /// The version of the event's shape.
    fn event_version(&self) -> &'static str {
        "1"
    }
}

/// Private values that cannot be read any more once the event is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// All values of the stream.
    Stream,
    /// The values of one message.
    Message(MessageId),
}
