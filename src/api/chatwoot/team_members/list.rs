use axum::extract::Path;

use super::change;
use crate::chatwoot::objects::Agent;
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List the agents in a team, by id.
#[utoipa::path(get, path = "/{account_id}/teams/{id}/team_members",
    operation_id = "chatwoot.team_members.list",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    responses((status = 200, description = "Agents", body = Vec<Agent>)))]
pub(super) async fn list(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let team = request.team(number_in_path(&id)?).await?;
    change::render(&request, &team).await
}
