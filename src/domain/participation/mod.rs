//! The aggregate `participation`.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use uuid::Uuid;

use crate::Decider;

pub use command::{Change as ChangeCommand, Command, Reading};
pub use event::{Change, Event, Seat};
pub use refusal::Refusal;
pub use state::Participation;

impl Decider for Participation {
    const TYPE: &'static str = "participation";
    const STATE_SCHEMA: i32 = 1;
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

    fn conversation(_: Uuid, event: &Event) -> Option<Uuid> {
        Some(event.seat.conversation)
    }
}
