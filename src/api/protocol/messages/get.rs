use axum::Json;
use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::protocol::objects::Message;
use crate::protocol::request::Protocol;

/// Get a message.
#[utoipa::path(get, path = "/messages/{id}",
    operation_id = "protocol.messages.get",
    params(("id" = String, Path, description = "The message")),
    responses((status = 200, description = "The message", body = Message),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Message>, Failure> {
    let message = request.message(&id).await?;
    request.entry_of(message.message.conversation).await?;
    Ok(Json(message.into()))
}
