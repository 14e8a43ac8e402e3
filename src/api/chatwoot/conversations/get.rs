use axum::extract::Path;

use crate::chatwoot::objects::{self, Conversation};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Get a conversation.
#[utoipa::path(get, path = "/{account_id}/conversations/{id}",
    operation_id = "chatwoot.conversations.get",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn get(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let conversation = request.conversation(&id).await?;
    Ok(Rendered::new(&objects::conversation(&conversation, &request.desk)))
}
