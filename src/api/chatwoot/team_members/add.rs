use axum::extract::Path;
use domain::group::MembersChange;

use super::change::{self, TeamMembersChange};
use crate::chatwoot::objects::Agent;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Add agents to a team: for administrators and service tokens. Present members stay.
#[utoipa::path(post, path = "/{account_id}/teams/{id}/team_members",
    operation_id = "chatwoot.team_members.add",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    request_body = TeamMembersChange,
    responses((status = 200, description = "All agents in the team", body = Vec<Agent>),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown team, or a user who is no agent")))]
pub(super) async fn add(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    change::change(&request, &id, MembersChange::Add).await
}
