use cqrs_es::Aggregate;
use uuid::Uuid;

/// What the event store has to know of an aggregate beyond what cqrs-es asks.
pub trait Stored: Aggregate<Services = ()> + Clone + 'static {
    /// The shape of the state as snapshots keep it: raise it when a field changes, and older snapshots are
    /// ignored.
    const STATE_SCHEMA: i32;

    /// What events' metadata and metrics call a command: `PostMessage` …
    fn name(command: &Self::Command) -> &'static str;

    /// The conversation that an event of a stream belongs to; `None` for events of the directory.
    fn conversation(stream: Uuid, event: &Self::Event) -> Option<Uuid>;

    /// The message that an event's private values belong to, if it does.
    fn subject(_event: &Self::Event) -> Option<Uuid> {
        None
    }

    /// What an event erases.
    fn erases(_event: &Self::Event) -> Option<Erasure> {
        None
    }
}

/// Private values that nobody can read any more once the event is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// All of the stream.
    Stream,
    /// Those of one message.
    Message(Uuid),
}
