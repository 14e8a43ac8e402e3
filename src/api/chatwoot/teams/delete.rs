use axum::extract::Path;
use domain::team::{Change, Command, Teams};

use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;

/// Delete a team for good: for administrators and service tokens. Its conversations then have no
/// team.
#[utoipa::path(delete, path = "/{account_id}/teams/{id}",
    operation_id = "chatwoot.teams.delete",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    responses((status = 200, description = "It is gone"),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown or deleted")))]
pub(super) async fn delete(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<(), Failure> {
    request.administer()?;
    if request.replay().await?.is_some() {
        return Ok(());
    }
    let known = request.team(number_in_path(&id)?).await?;
    let delete = Command { team: known.uuid, change: Change::DeleteTeam };
    request.execute::<Teams>(domain::teams_id(request.account()), delete).await?;
    Ok(())
}
