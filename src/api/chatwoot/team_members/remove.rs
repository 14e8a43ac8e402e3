use axum::extract::Path;
use domain::group::MembersChange;

use super::change::{self, TeamMembersChange};
use crate::chatwoot::members;
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;

/// Remove agents from a team: for administrators and service tokens.
#[utoipa::path(delete, path = "/{account_id}/teams/{id}/team_members",
    operation_id = "chatwoot.team_members.remove",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    request_body = TeamMembersChange,
    responses((status = 200, description = "They are not in it"),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown team or user")))]
pub(super) async fn remove(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<(), Failure> {
    request.administer()?;
    let team = request.team(number_in_path(&id)?).await?;
    if request.replay().await?.is_some() {
        return Ok(());
    }
    let present = request.views().users_of(request.account(), &team.members).await?;
    let users = members::named(&request, &request.body()?, &present).await?;
    change::execute(&request, &team, MembersChange::Remove(users)).await
}
