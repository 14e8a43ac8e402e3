use super::state::Team;
use super::{
    Change, Command, DESCRIPTION_LENGTH_MAX, Event, NAME_LENGTH_MAX, Refusal, Settings, TEAMS_MAX,
    Teams,
};
use crate::limits::{Excess, check_optional};
use crate::{TeamId, Text};

pub(super) fn decide(teams: &Teams, command: Command) -> Result<Vec<Event>, Refusal> {
    let Command { team, change } = command;
    match change {
        Change::CreateTeam { settings } => teams.create(team, settings),
        Change::UpdateTeam { settings } => {
            let settings = teams.one(team)?.settings.difference(teams.checked(team, settings)?);
            if settings == Settings::default() {
                return Ok(vec![]);
            }
            Ok(vec![Event::TeamUpdated { team, settings }])
        }
        Change::DeleteTeam => {
            teams.one(team)?;
            Ok(vec![Event::TeamDeleted { team }])
        }
        Change::SetTeamMembers { members } => {
            let members = members.of(&teams.one(team)?.members)?;
            Ok(members.map(|members| Event::TeamMembersSet { team, members }).into_iter().collect())
        }
    }
}

impl Teams {
    fn create(&self, team: TeamId, settings: Settings) -> Result<Vec<Event>, Refusal> {
        if self.teams.contains_key(&team) {
            return Err(Refusal::TeamExists);
        }
        if self.teams.len() >= TEAMS_MAX {
            return Err(Excess::Number { field: "the number of teams", max: TEAMS_MAX }.into());
        }
        if settings.name.is_none() {
            return Err(Refusal::NameBlank);
        }
        Ok(vec![Event::TeamCreated { team, settings: self.checked(team, settings)? }])
    }

    fn one(&self, team: TeamId) -> Result<&Team, Refusal> {
        self.teams.get(&team).ok_or(Refusal::TeamUnknown)
    }

    fn checked(&self, team: TeamId, settings: Settings) -> Result<Settings, Refusal> {
        let name = settings.name.map(|name| Text::from(name.as_str().trim().to_lowercase()));
        if name.as_ref().is_some_and(Text::is_blank) {
            return Err(Refusal::NameBlank);
        }
        check_optional("name", name.as_ref(), NAME_LENGTH_MAX)?;
        check_optional("description", settings.description.as_ref(), DESCRIPTION_LENGTH_MAX)?;
        if name.as_ref().is_some_and(|name| self.others_have(team, name)) {
            return Err(Refusal::NameTaken);
        }
        Ok(Settings { name, ..settings })
    }
}
