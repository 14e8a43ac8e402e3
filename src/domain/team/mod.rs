//! The aggregate `teams`: the teams of an account, all in one stream, so that no two can have the
//! same name.

mod command;
mod decide;
mod event;
mod refusal;
mod state;
#[cfg(test)]
mod tests;

use crate::{Decider, TeamsId};

pub use command::{Change, Command};
pub use event::{Event, Settings};
pub use refusal::Refusal;
pub use state::Teams;

/// Longest name, in characters.
pub const NAME_LENGTH_MAX: usize = 256;
/// Longest description, in characters.
pub const DESCRIPTION_LENGTH_MAX: usize = 512;
/// Most teams of an account.
pub const TEAMS_MAX: usize = 1_000;

impl Decider for Teams {
    const TYPE: &'static str = "teams";
    const STATE_SCHEMA: i32 = 1;
    type Id = TeamsId;
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
        match command.change {
            Change::CreateTeam { .. } => "CreateTeam",
            Change::UpdateTeam { .. } => "UpdateTeam",
            Change::DeleteTeam => "DeleteTeam",
            Change::SetTeamMembers { .. } => "SetTeamMembers",
        }
    }
}
