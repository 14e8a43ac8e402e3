use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};

use super::Error;
use super::object::Message;
use super::request::Protocol;
use crate::answer::Answer;
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
) -> Result<Answer<Message>, Failure> {
    let fields = request.fields().await?;
    let mut position = request.catch_up().await?;
    let found = request.message(&id).await?;
    request.entry_of(found.conversation).await?;
    if found.author != request.user {
        return Err(Failure::forbidden("only its author may edit a message"));
    }
    let text = fields.message()?;
    // A message that was read and is sent back is no edit.
    if text.as_str() != found.text {
        let command = Command::EditMessage {
            message: found.uuid,
            author: found.author,
            text,
            metadata: found.metadata.and_then(|kept| kept.as_object().cloned()),
            tags: found.tags,
        };
        let stream = found.conversation;
        let outcome = request.incoming.execute::<Aggregate>(stream, "EditMessage", command).await?;
        position = request.incoming.reflected(&outcome).await?;
    }
    Ok(Answer::ok(position, request.message(&id).await?.into()))
}
