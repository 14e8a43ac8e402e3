use serde::{Deserialize, Serialize};

use crate::{StoredEvent, TeamId, Text, UserId};

/// The settings of a team. In an update, an absent field did not change, and an empty description
/// was removed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The display name, in lower case, unique within the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// The purpose of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Stored as clients set it, without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_auto_assign: Option<bool>,
}

/// Events of the teams of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// A team was created.
    TeamCreated {
        /// The team.
        team: TeamId,
        /// The initial settings.
        #[serde(flatten)]
        settings: Settings,
    },
    /// Settings of a team changed.
    TeamUpdated {
        /// The team.
        team: TeamId,
        /// Only the fields that changed.
        #[serde(flatten)]
        settings: Settings,
    },
    /// A team was deleted for good.
    TeamDeleted {
        /// The team.
        team: TeamId,
    },
    /// The members of a team changed.
    TeamMembersSet {
        /// The team.
        team: TeamId,
        /// All members now.
        members: Vec<UserId>,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::TeamCreated { .. } => "TeamCreated",
            Self::TeamUpdated { .. } => "TeamUpdated",
            Self::TeamDeleted { .. } => "TeamDeleted",
            Self::TeamMembersSet { .. } => "TeamMembersSet",
        }
    }
}
