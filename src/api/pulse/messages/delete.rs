use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Deleted;
use crate::pulse::body::Message;
use crate::pulse::objects;
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Erase a message for everyone: for its author. The answer contains the message as it was.
#[utoipa::path(delete, path = "/chats/{chat_id}/messages/{id}",
    operation_id = "pulse.messages.delete",
    params(("chat_id" = Uuid, Path, description = "The chat"),
           ("id" = Uuid, Path, description = "The message"), Parameters),
    responses((status = 200, description = "The message as it was", body = Deleted<Message>),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its chat")))]
pub(super) async fn delete(
    Path((chat, message)): Path<(String, String)>,
    request: Pulse,
) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    if request.replay().await?.is_some() {
        return Ok(Document::none());
    }
    let found = request.message(&chat, &message).await?.message;
    if found.author != request.user {
        return Err(Failure::forbidden("only its author may delete a message"));
    }
    let command = Command::DeleteMessage { message: found.uuid };
    request.execute::<Aggregate>(found.conversation, command).await?;
    request.answer(StatusCode::OK, objects::message(&found), &query).await
}
