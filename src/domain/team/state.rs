use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Event, Settings};
use crate::partial::{differing, differing_text, take};
use crate::{TeamId, Text, UserId};

/// The state of the teams of an account, as far as the rules need it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Teams {
    pub(super) teams: BTreeMap<TeamId, Team>,
}

/// One team.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Team {
    pub(super) settings: Settings,
    pub(super) members: BTreeSet<UserId>,
}

impl Teams {
    /// Whether a team other than this one has the name.
    pub(super) fn others_have(&self, team: TeamId, name: &Text) -> bool {
        self.teams
            .iter()
            .any(|(id, other)| *id != team && other.settings.name.as_ref() == Some(name))
    }
}

/// Applies an event to the state.
pub(super) fn evolve(teams: &mut Teams, event: &Event) {
    let teams = &mut teams.teams;
    match event {
        Event::TeamCreated { team, settings } | Event::TeamUpdated { team, settings } => {
            teams.entry(*team).or_default().settings.merge(settings);
        }
        Event::TeamDeleted { team } => {
            teams.remove(team);
        }
        Event::TeamMembersSet { team, members } => {
            teams.entry(*team).or_default().members = members.iter().copied().collect();
        }
    }
}

impl Settings {
    /// The fields of `newer` that differ from `self`.
    pub(super) fn difference(&self, newer: Self) -> Self {
        Self {
            name: differing(&self.name, newer.name),
            description: differing_text(&self.description, newer.description),
            allow_auto_assign: differing(&self.allow_auto_assign, newer.allow_auto_assign),
        }
    }

    /// Takes over the fields that `newer` has.
    pub(super) fn merge(&mut self, newer: &Self) {
        take(&mut self.name, &newer.name);
        take(&mut self.description, &newer.description);
        take(&mut self.allow_auto_assign, &newer.allow_auto_assign);
    }
}
