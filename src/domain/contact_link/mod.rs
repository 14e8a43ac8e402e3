//! The aggregate `contact_link`: which contact has a source id of an inbox. The stream id is
//! derived from inbox and source id, so that a source id belongs to one contact, and a contact has
//! only one conversation in an inbox that is limited to one, even under concurrent commands.

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
