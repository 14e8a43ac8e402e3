use axum::extract::Path;
use axum::http::StatusCode;
use domain::Text;
use domain::conversation::TEXT_LENGTH_MAX;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::body::Attributes;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{Change, One};
use crate::pulse::body::Message;
use crate::pulse::objects::{self, MESSAGE};
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Edit a message: for its author.
#[utoipa::path(method(put, patch), path = "/chats/{chat_id}/messages/{id}",
    operation_id = "pulse.messages",
    params(("chat_id" = Uuid, Path, description = "The chat"),
           ("id" = Uuid, Path, description = "The message"), Parameters),
    request_body = Change<Message>,
    responses((status = 200, description = "The message", body = One<Message>),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its chat"),
              (status = 409, description = "Another id or type than the URL's"),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn update(
    Path((chat, message)): Path<(String, String)>,
    request: Pulse,
) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let found = request.message(&chat, &message).await?.message;
    let attributes = request.existing_attributes(&MESSAGE, found.uuid.get())?;
    if found.author != request.user {
        return Err(Failure::forbidden("only its author may edit a message"));
    }
    let text = match attributes.get("content") {
        Some(_) => content(&attributes)?,
        None => found.text.as_str().into(),
    };
    request.edit_text(found, text).await?;
    let found = request.message(&chat, &message).await?;
    request.answer(StatusCode::OK, objects::message(&found.message), &query).await
}

/// The validated text of a message.
pub(super) fn content(attributes: &Attributes) -> Result<Text, Failure> {
    let content = attributes.text("content")?;
    if content.trim().is_empty() || content.chars().count() > TEXT_LENGTH_MAX {
        let why = format!("content must be 1 to {TEXT_LENGTH_MAX} characters long, and not blank");
        return Err(attributes.unusable("content", why));
    }
    Ok(content.into())
}
