use axum::extract::Path;
use axum::http::StatusCode;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::Message;
use crate::pulse::objects;
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Get a message.
#[utoipa::path(get, path = "/chats/{chat_id}/messages/{id}",
    operation_id = "pulse.messages.get",
    params(("chat_id" = Uuid, Path, description = "The chat"),
           ("id" = Uuid, Path, description = "The message"), Parameters),
    responses((status = 200, description = "The message", body = One<Message>),
              (status = 404, description = "Unknown, or the caller is not in its chat")))]
pub(super) async fn get(
    Path((chat, message)): Path<(String, String)>,
    request: Pulse,
) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let found = request.message(&chat, &message).await?;
    request.answer(StatusCode::OK, objects::message(&found.message), &query).await
}
