//! The aggregate `contact_link`: whose a source id of an inbox is. Its stream follows from both, so
//! that a source id is one contact's, and an inbox of one conversation a contact has one,
//! also under concurrent commands.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{ContactLinkId, Decider};

pub use command::Command;
pub use event::Event;
pub use refusal::Refusal;
pub use state::ContactLink;

impl Decider for ContactLink {
    const TYPE: &'static str = "contact_link";
    const STATE_SCHEMA: i32 = 1;
    type Id = ContactLinkId;
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
            Command::LinkContact { .. } => "LinkContact",
            Command::ChooseConversation { .. } => "ChooseConversation",
        }
    }
}
