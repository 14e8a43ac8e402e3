//! The aggregate `contact`: an external person whom agents support.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{ContactId, Decider};

pub use command::Command;
pub use event::{Event, Profile};
pub use refusal::Refusal;
pub use state::Contact;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest phone number or identifier, in characters.
pub const IDENTITY_LENGTH_MAX: usize = 256;

impl Decider for Contact {
    const TYPE: &'static str = "contact";
    const STATE_SCHEMA: i32 = 1;
    type Id = ContactId;
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
        match command {
            Command::CreateContact { .. } => "CreateContact",
            Command::UpdateContact { .. } | Command::ExpectIdentities { .. } => "UpdateContact",
        }
    }
}
