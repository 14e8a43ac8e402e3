use axum::Json;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate, TEXT_LENGTH_MAX};
use projections::views::Name;
use serde_json::json;

use super::named_message;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::protocol::objects::Message;
use crate::protocol::request::Protocol;

schema! {
    /// A message to post, and its conversation.
    NewMessage = json!({
        "type": "object",
        "required": ["conversation_id", "message"],
        "properties": {
            "conversation_id": { "type": "string" },
            "message": parts::required_text(TEXT_LENGTH_MAX),
        },
        "example": { "conversation_id": "02wTwpycDo9xi5xyYPltg0", "message": "Hello" },
    })
}

/// Post a message.
#[utoipa::path(post, path = "/messages",
    operation_id = "protocol.messages.create",
    request_body = NewMessage,
    responses((status = 201, description = "The message", body = Message),
              (status = 400, description = "A field is missing or cannot be used"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn create(request: Protocol) -> Result<(StatusCode, Json<Message>), Failure> {
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
    let posting = request.execute::<Aggregate>(entry.state.conversation, command);
    let outcome = posting.await.map_err(named_message)?;
    // A repeated request generated another message id: find the original's message by its number.
    let number = outcome.first.ok_or_else(Failure::not_found)?;
    let message = request.message_named(Name::Number(number.into())).await?;
    Ok((StatusCode::CREATED, Json(message.into())))
}
