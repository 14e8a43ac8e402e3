use axum::Json;
use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::protocol::objects::Conversation;
use crate::protocol::request::Protocol;

/// Get a conversation. This does not mark it as opened.
#[utoipa::path(get, path = "/conversations/{id}",
    operation_id = "protocol.conversations.get",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Conversation>, Failure> {
    Ok(Json(request.entry(&id).await?.into()))
}
