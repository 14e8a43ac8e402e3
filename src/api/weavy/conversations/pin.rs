use axum::extract::Path;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

/// Pin a conversation in the caller's list.
#[utoipa::path(put, path = "/conversations/{id}/pin",
    operation_id = "weavy.conversations.pin",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn pin(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let (membership, _) = request.membership(&id).await?;
    request.change_and_render(membership, ChangeCommand::PinConversation).await
}
