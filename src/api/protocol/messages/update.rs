use axum::Json;
use axum::extract::Path;
use domain::conversation::TEXT_LENGTH_MAX;
use serde_json::json;

use super::named_message;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::protocol::objects::Message;
use crate::protocol::request::Protocol;

schema! {
    /// The new text of a message.
    MessageChange = json!({
        "type": "object",
        "required": ["message"],
        "properties": { "message": parts::required_text(TEXT_LENGTH_MAX) },
        "example": { "message": "Hello again" },
    })
}

/// Edit a message: for its author.
#[utoipa::path(put, path = "/messages/{id}",
    operation_id = "protocol.messages.update",
    params(("id" = String, Path, description = "The message")),
    request_body = MessageChange,
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "A field is missing or cannot be used"),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn update(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Message>, Failure> {
    let fields = request.fields().await?;
    let found = request.message(&id).await?.message;
    request.entry_of(found.conversation).await?;
    if found.author != request.user {
        return Err(Failure::forbidden("only its author may edit a message"));
    }
    request.edit_text(found, fields.message()?).await.map_err(named_message)?;
    Ok(Json(request.message(&id).await?.into()))
}
