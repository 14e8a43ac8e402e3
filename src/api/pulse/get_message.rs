use axum::extract::Path;
use axum::http::StatusCode;

use super::Errors;
use super::list_messages::INCLUDES;
use super::request::Pulse;
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

const OFFER: Offer = Offer::including(INCLUDES);

/// Get a message.
#[utoipa::path(get, path = "/chats/{chat_id}/messages/{id}", tag = "Pulse",
    params(("chat_id" = Uuid, Path, description = "The chat"), ("id" = Uuid, Path, description = "The message"),
           ("include" = Option<String>, Query, description = "author, chat")),
    responses((status = 200, description = "The message", content_type = "application/vnd.api+json"),
              (status = 404, description = "Unknown, or the caller is not in its chat", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn get(
    Path((chat, message)): Path<(String, String)>,
    request: Pulse,
) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let found = request.message(&chat, &message).await?;
    request.answer(StatusCode::OK, resource::message(&found.message), &query).await
}
