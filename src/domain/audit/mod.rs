//! The aggregate `audit`: who read a conversation's audit trail. One stream per conversation.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{AuditId, ConversationId, Decider};

pub use command::Command;
pub use event::{Event, Part};
pub use refusal::Refusal;
pub use state::Audit;

impl Decider for Audit {
    const TYPE: &'static str = "audit";
    const STATE_SCHEMA: i32 = 1;
    type Id = AuditId;
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
            Command::RecordReading { .. } => "RecordReading",
        }
    }

    fn conversation(_: Self::Id, event: &Event) -> Option<ConversationId> {
        let Event::AuditTrailRead { conversation, .. } = event;
        Some(*conversation)
    }
}
