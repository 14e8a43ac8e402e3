use axum::Json;
use axum::extract::Path;

use super::Error;
use super::object::Message;
use super::request::Protocol;
use crate::failure::Failure;

/// Edit a message: for its author.
#[utoipa::path(put, path = "/messages/{id}", tag = "Protocol",
    params(("id" = String, Path, description = "The message")),
    request_body(description = "`message` (required)", content(
        (inline(serde_json::Value) = "application/x-www-form-urlencoded"),
        (inline(serde_json::Value) = "application/json", example = json!({"message": "Hello again"})),
        (inline(serde_json::Value) = "multipart/form-data"))),
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "A field is missing or cannot be used", body = Error),
              (status = 403, description = "Not the author", body = Error),
              (status = 404, description = "Unknown, or the caller is not in its conversation", body = Error)))]
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
    request.edit_text(found, fields.message()?).await?;
    Ok(Json(request.message(&id).await?.into()))
}
