//! The aggregate `user`: a user's entry in the directory.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{Decider, UserId};

pub use command::Command;
pub use event::{Event, Profile};
pub use refusal::Refusal;
pub use state::User;

/// Longest uid, in characters.
pub const UID_LENGTH_MAX: usize = 256;
/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// The actor in the log where the system itself acted; no user can have this uid.
pub const SYSTEM_UID: &str = "colloquy";

impl Decider for User {
    const TYPE: &'static str = "user";
    const STATE_SCHEMA: i32 = 3;
    type Id = UserId;
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
            Command::RegisterUser { .. } => "RegisterUser",
            Command::FollowToken { .. } => "FollowToken",
            Command::UpdateUser { .. } => "UpdateUser",
            Command::RevokeTokens { .. } => "RevokeTokens",
        }
    }
}
