use axum::extract::Path;

use super::change::{self, InboxMembers};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List the agents in an inbox, by id.
#[utoipa::path(get, path = "/{account_id}/inbox_members/{inbox_id}",
    operation_id = "chatwoot.inbox_members.list",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("inbox_id" = i64, Path, description = "The inbox")),
    responses((status = 200, description = "Agents", body = InboxMembers),
              (status = 403, description = "The caller is not a member")))]
pub(super) async fn list(
    Path((_account, inbox)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let inbox = request.inbox(number_in_path(&inbox)?).await?;
    change::render(&request, inbox.uuid).await
}
