use axum::extract::Path;
use domain::team::{Change, Command, Teams};
use serde_json::json;

use super::settings;
use crate::chatwoot::objects::{Team, team};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The changes to a team. Fields left out or null stay; a blank description clears the present
    /// one.
    TeamChange = settings::schema(json!({ "description": "Invoices" }))
}

/// Change a team: for administrators and service tokens. Fields left out stay.
#[utoipa::path(method(put, patch), path = "/{account_id}/teams/{id}",
    operation_id = "chatwoot.teams",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The team")),
    request_body = Option<TeamChange>,
    responses((status = 200, description = "The team", body = Team),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 404, description = "Unknown or deleted"),
              (status = 422, description = "The name is another team's, or too long")))]
pub(super) async fn update(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    request.administer()?;
    let number = number_in_path(&id)?;
    let known = request.team(number).await?;
    let settings = settings::read(&request.body()?)?;
    let update = Command { team: known.uuid, change: Change::UpdateTeam { settings } };
    request.execute::<Teams>(domain::teams_id(request.account()), update).await?;
    Ok(Rendered::new(&team(&request.team(number).await?, &request.desk)))
}
