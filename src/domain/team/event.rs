use serde::{Deserialize, Serialize};

use crate::{StoredEvent, TeamId, Text, UserId};

/// What a team is like. In an update, a field that is none did not change, and a blank description
/// is taken away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The name to show, in lower case, of one team of the account at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// What it is there for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// As clients set it; nothing follows from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_auto_assign: Option<bool>,
}

/// What happened to the teams of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// One was made.
    TeamCreated {
        /// Which.
        team: TeamId,
        /// What it is like from the start.
        #[serde(flatten)]
        settings: Settings,
    },
    /// One changed.
    TeamUpdated {
        /// Which.
        team: TeamId,
        /// Only what changed.
        #[serde(flatten)]
        settings: Settings,
    },
    /// One is gone for good.
    TeamDeleted {
        /// Which.
        team: TeamId,
    },
    /// Other agents are in one.
    TeamMembersSet {
        /// Which.
        team: TeamId,
        /// All of them.
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
