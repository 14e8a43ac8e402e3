//! The aggregate `participation`: one member's own state in one conversation.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{ConversationId, Decider, ParticipationId};

pub use command::{Change as ChangeCommand, Command, Reading};
pub use event::{Change, Event, Membership};
pub use refusal::Refusal;
pub use state::Participation;

impl Decider for Participation {
    const TYPE: &'static str = "participation";
    const STATE_SCHEMA: i32 = 1;
    type Id = ParticipationId;
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
        command.change.name()
    }

    fn conversation(_: Self::Id, event: &Event) -> Option<ConversationId> {
        Some(event.membership.conversation)
    }
}
