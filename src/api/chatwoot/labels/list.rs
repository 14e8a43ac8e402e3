use axum::extract::Path;

use super::Labels;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// List a conversation's labels.
#[utoipa::path(get, path = "/{account_id}/conversations/{id}/labels",
    operation_id = "chatwoot.labels.list",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The labels", body = Labels),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn list(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let conversation = request.conversation(&id).await?;
    Ok(Rendered::new(&Labels { payload: &conversation.labels }))
}
