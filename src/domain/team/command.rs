use super::Settings;
use crate::TeamId;
use crate::group::MembersChange;

/// A command on one of the teams of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub team: TeamId,
    pub change: Change,
}

/// The requested change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Creates the team.
    CreateTeam {
        /// The initial settings; a name is required.
        settings: Settings,
    },
    /// Changes the given settings and leaves the rest.
    UpdateTeam {
        /// Fields that are `None` stay as they are; an empty description is removed.
        settings: Settings,
    },
    /// Deletes the team for good.
    DeleteTeam,
    /// Changes the members of the team.
    SetTeamMembers {
        /// The change of the members.
        members: MembersChange,
    },
}
