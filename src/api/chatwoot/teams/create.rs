use domain::PublicId;
use domain::team::{Change, Command, NAME_LENGTH_MAX, Settings, Teams};
use serde_json::json;

use super::settings;
use crate::chatwoot::objects::{Team, team};
use crate::chatwoot::request::Chatwoot;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;
use crate::edge::request::new_id;

schema! {
    /// A new team.
    NewTeam = {
        let mut team = settings::schema(json!({ "name": "billing" }));
        team["required"] = json!(["name"]);
        team["properties"]["name"] = parts::required_text(NAME_LENGTH_MAX);
        team
    }
}

/// Create a team: for administrators and service tokens. Its name is put into lower case, and must
/// be unique.
#[utoipa::path(post, path = "/{account_id}/teams",
    operation_id = "chatwoot.teams.create",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = NewTeam,
    responses((status = 200, description = "The team", body = Team),
              (status = 403, description = "Neither an administrator nor a service token"),
              (status = 422, description = "The name is missing or another team's, or too long")))]
pub(super) async fn create(request: Chatwoot) -> Result<Rendered, Failure> {
    request.administer()?;
    let body = request.body()?;
    body.required_text("name")?;
    let settings = settings::read(&body)?;
    let settings = Settings {
        description: settings.description.filter(|description| !description.is_blank()),
        allow_auto_assign: settings.allow_auto_assign.or(Some(false)),
        ..settings
    };
    let create = Command { team: new_id(), change: Change::CreateTeam { settings } };
    let teams = domain::teams_id(request.account());
    let outcome = request.execute::<Teams>(teams, create).await?;
    let number = outcome.first.map(PublicId::from).ok_or_else(Failure::not_found)?;
    let made = request.team(number).await?;
    Ok(Rendered::new(&team(&made, &request.desk)))
}
