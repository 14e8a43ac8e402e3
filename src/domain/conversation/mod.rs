//! The aggregate `conversation`.

mod command;
mod decide;
mod event;
mod permission;
mod refusal;
mod state;
pub mod support;
#[cfg(test)]
mod tests;

use crate::{ConversationId, Decider, Erasure, MessageId};

pub use command::{Command, Create};
pub use event::{Event, Kind};
pub use permission::Asker;
pub use refusal::Refusal;
pub use state::Conversation;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest description, in characters.
pub const DESCRIPTION_LENGTH_MAX: usize = 512;
/// Longest uid of a contextual chat, in characters.
pub const UID_LENGTH_MAX: usize = 256;
/// Longest message, in characters.
pub const TEXT_LENGTH_MAX: usize = 150_000;

impl Decider for Conversation {
    const TYPE: &'static str = "conversation";
    const STATE_SCHEMA: i32 = 3;
    type Id = ConversationId;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &Event) {
        state::evolve(self, event);
    }

    fn name(command: &Command) -> &'static str {
        command.name()
    }

    fn conversation(stream: Self::Id, _: &Event) -> Option<ConversationId> {
        Some(stream)
    }

    fn subject(event: &Event) -> Option<MessageId> {
        match event {
            Event::MessagePosted { message, .. } | Event::MessageEdited { message, .. } => {
                Some(*message)
            }
            _ => None,
        }
    }

    fn erases(event: &Event) -> Option<Erasure> {
        match event {
            Event::MessageDeleted { message } => Some(Erasure::Message(*message)),
            Event::ConversationDeleted => Some(Erasure::Stream),
            _ => None,
        }
    }
}
