//! The aggregate `inbox`: a channel through which support conversations come, and the agents who
//! see them.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{Decider, InboxId};

pub use command::Command;
pub use event::{Channel, Event, Settings};
pub use refusal::Refusal;
pub use state::Inbox;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest URL of a page, in characters.
pub const WEBSITE_URL_LENGTH_MAX: usize = 2_048;

impl Decider for Inbox {
    const TYPE: &'static str = "inbox";
    const STATE_SCHEMA: i32 = 1;
    type Id = InboxId;
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
            Command::CreateInbox { .. } => "CreateInbox",
            Command::UpdateInbox { .. } => "UpdateInbox",
            Command::SetInboxMembers { .. } => "SetInboxMembers",
        }
    }
}
