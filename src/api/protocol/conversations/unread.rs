use axum::Json;
use axum::extract::Path;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::protocol::objects::Conversation;
use crate::protocol::request::Protocol;

/// Mark a conversation as unread, until it is marked as read.
#[utoipa::path(delete, path = "/conversations/{id}/read",
    operation_id = "protocol.conversations.unread",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn unread(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Conversation>, Failure> {
    let entry = request.entry(&id).await?;
    request.change_and_render(&entry, ChangeCommand::MarkUnread).await
}
