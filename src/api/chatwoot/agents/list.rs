use crate::chatwoot::objects::{Agent, agent};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List the known users with the role of an agent or administrator, by id.
#[utoipa::path(get, path = "/{account_id}/agents",
    operation_id = "chatwoot.agents.list",
    params(("account_id" = i64, Path, description = "The caller's account")),
    responses((status = 200, description = "Agents", body = Vec<Agent>)))]
pub(super) async fn list(request: Chatwoot) -> Result<Rendered, Failure> {
    let agents = request.views().agents(request.account()).await?;
    Ok(Rendered::new(&agents.iter().map(|user| agent(user)).collect::<Vec<_>>()))
}
