use axum::extract::Path;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

/// Turn on the caller's notifications for messages in a conversation.
#[utoipa::path(post, path = "/apps/{id}/subscribe",
    operation_id = "weavy.apps.subscribe",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn subscribe(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let (membership, _) = request.membership(&id).await?;
    request.change_and_render(membership, ChangeCommand::Subscribe).await
}
