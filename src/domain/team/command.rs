use super::Settings;
use crate::TeamId;
use crate::group::MembersChange;

/// What may be asked of one of the teams of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub team: TeamId,
    pub change: Change,
}

/// The change that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Makes it.
    CreateTeam {
        /// What it is like from the start; it has a name.
        settings: Settings,
    },
    /// Changes what is given and leaves the rest.
    UpdateTeam {
        /// Fields that are none stay as they are; a blank description is taken away.
        settings: Settings,
    },
    /// Takes it away for good.
    DeleteTeam,
    /// Puts other agents into it.
    SetTeamMembers {
        /// Who comes and goes.
        members: MembersChange,
    },
}
