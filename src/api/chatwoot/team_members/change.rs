//! Changes of a team's members.

use domain::UserId;
use domain::group::MembersChange;
use domain::team::{Change, Command, Teams};
use projections::views::support::Team;

use crate::chatwoot::members;
use crate::chatwoot::objects::agent;
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// Agents.
    TeamMembersChange = members::schema(None)
}

/// The agents who are in a team, by id.
pub(super) async fn render(request: &Chatwoot, team: &Team) -> Result<Rendered, Failure> {
    let mut members = request.views().users_of(request.account(), &team.members).await?;
    members.sort_unstable_by_key(|user| user.id);
    Ok(Rendered::new(&members.iter().map(|user| agent(user)).collect::<Vec<_>>()))
}

/// Runs a change.
pub(super) async fn execute(
    request: &Chatwoot,
    team: &Team,
    members: MembersChange,
) -> Result<(), Failure> {
    let set = Command { team: team.uuid, change: Change::SetTeamMembers { members } };
    request.execute::<Teams>(domain::teams_id(request.account()), set).await?;
    Ok(())
}

/// Runs the change; answers with all members afterwards.
pub(super) async fn change(
    request: &Chatwoot,
    id: &str,
    change: fn(Vec<UserId>) -> MembersChange,
) -> Result<Rendered, Failure> {
    request.administer()?;
    let number = number_in_path(id)?;
    let team = request.team(number).await?;
    let users = members::named(request, &request.body()?, &[]).await?;
    execute(request, &team, change(users)).await?;
    render(request, &request.team(number).await?).await
}
