use axum::extract::Path;

use crate::chatwoot::objects::{Inbox, inbox};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Get an inbox.
#[utoipa::path(get, path = "/{account_id}/inboxes/{id}",
    operation_id = "chatwoot.inboxes.get",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The inbox")),
    responses((status = 200, description = "The inbox", body = Inbox),
              (status = 403, description = "The caller is not a member")))]
pub(super) async fn get(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    Ok(Rendered::new(&inbox(&request.inbox(number_in_path(&id)?).await?)))
}
