use axum::extract::Path;
use axum::http::StatusCode;

use super::Errors;
use super::list_chats::INCLUDES;
use super::request::{Pulse, id};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

const OFFER: Offer = Offer::including(INCLUDES);

/// Get a chat.
#[utoipa::path(get, path = "/chats/{id}", tag = "Pulse",
    params(("id" = Uuid, Path, description = "The chat"),
           ("include" = Option<String>, Query, description = "latest_message, bookmark")),
    responses((status = 200, description = "The chat", content_type = "application/vnd.api+json"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn get(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let resource = resource::chat(&chat, request.user);
    request.answer(StatusCode::OK, resource, &query).await
}
