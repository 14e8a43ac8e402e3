use crate::chatwoot::objects::{Team, team};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List the teams of the account, by id.
#[utoipa::path(get, path = "/{account_id}/teams",
    operation_id = "chatwoot.teams.list",
    params(("account_id" = i64, Path, description = "The caller's account")),
    responses((status = 200, description = "Teams", body = Vec<Team>)))]
pub(super) async fn list(request: Chatwoot) -> Result<Rendered, Failure> {
    let teams = request.views().teams(request.account()).await?;
    let shown: Vec<_> = teams.iter().map(|one| team(one, &request.desk)).collect();
    Ok(Rendered::new(&shown))
}
