use serde::Serialize;
use utoipa::ToSchema;

use crate::chatwoot::objects::{Inbox, inbox};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// All inboxes that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
struct Inboxes<'a> {
    payload: Vec<Inbox<'a>>,
}

/// List the inboxes that the caller sees, by id.
#[utoipa::path(get, path = "/{account_id}/inboxes",
    operation_id = "chatwoot.inboxes.list",
    params(("account_id" = i64, Path, description = "The caller's account")),
    responses((status = 200, description = "Inboxes", body = Inboxes)))]
pub(super) async fn list(request: Chatwoot) -> Result<Rendered, Failure> {
    let mut inboxes = request.views().inboxes(request.account()).await?;
    inboxes.retain(|inbox| request.may_see(inbox.uuid).is_ok());
    Ok(Rendered::new(&Inboxes { payload: inboxes.iter().map(inbox).collect() }))
}
