use axum::extract::Path;
use axum::http::StatusCode;

use crate::edge::failure::Failure;
use crate::edge::permissions::Reach;
use crate::protocol::id;
use crate::protocol::request::Protocol;

/// Erase a conversation for everyone, with its messages: for either member of a private chat, for
/// the creator of any other, and for administrators.
#[utoipa::path(delete, path = "/conversations/{id}",
    operation_id = "protocol.conversations.delete",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "A member without the right"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn delete(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<StatusCode, Failure> {
    let conversation = id::decode(&id).ok_or_else(Failure::not_found)?;
    request.delete_conversation(conversation, Reach::Rooms).await?;
    Ok(StatusCode::NO_CONTENT)
}
