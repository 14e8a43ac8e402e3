use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};
use projections::messages::Name;

use super::Error;
use super::object::Message;
use super::request::Protocol;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::new_id;

/// Post a message.
#[utoipa::path(post, path = "/messages", tag = "Protocol",
    request_body(description = "`conversation_id` and `message`, both required", content(
        (inline(serde_json::Value) = "application/x-www-form-urlencoded"),
        (inline(serde_json::Value) = "application/json",
            example = json!({"conversation_id": "02wTwpycDo9xi5xyYPltg0", "message": "Hello"})),
        (inline(serde_json::Value) = "multipart/form-data"))),
    responses((status = 201, description = "The message", body = Message),
              (status = 400, description = "A field is missing or cannot be used", body = Error),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Error)))]
pub(super) async fn create(request: Protocol) -> Result<Answer<Message>, Failure> {
    let fields = request.fields().await?;
    let conversation = fields
        .id("conversation_id")?
        .flatten()
        .ok_or_else(|| Failure::bad_request("conversation_id must be given"))?;
    fields.must_be_empty("attachments")?;
    let text = fields.message()?;
    let entry = request.entry(&conversation).await?;
    let (message, author) = (new_id(), request.user);
    let command = Command::PostMessage { message, author, text, metadata: None, tags: vec![] };
    let incoming = &request.incoming;
    let outcome = incoming.execute::<Aggregate>(entry.conversation, "PostMessage", command).await?;
    let position = incoming.reflected(&outcome).await?;
    // A repeated request made another message.
    let number = outcome.first_position.unwrap_or(outcome.position);
    let message = request.message_named(Name::Number(number)).await?;
    Ok(Answer { status: StatusCode::CREATED, position, body: message.into() })
}
