use axum::extract::Path;

use crate::chatwoot::objects::{Team, team};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Get a team.
#[utoipa::path(get, path = "/{account_id}/teams/{id}",
    operation_id = "chatwoot.teams.get",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    responses((status = 200, description = "The team", body = Team),
              (status = 404, description = "Unknown or deleted")))]
pub(super) async fn get(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let found = request.team(number_in_path(&id)?).await?;
    Ok(Rendered::new(&team(&found, &request.desk)))
}
