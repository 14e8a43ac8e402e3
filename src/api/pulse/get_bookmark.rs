use axum::extract::Path;
use axum::http::StatusCode;

use super::Errors;
use super::request::{Pulse, id};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

pub(super) const OFFER: Offer = Offer::including(&["chat", "user"]);

/// Get how far the caller has read a chat.
#[utoipa::path(get, path = "/chats/{chat_id}/bookmark", tag = "Pulse",
    params(("chat_id" = Uuid, Path, description = "The chat"),
           ("include" = Option<String>, Query, description = "chat, user")),
    responses((status = 200, description = "The bookmark", content_type = "application/vnd.api+json"),
              (status = 404, description = "There is none, or no such chat", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn get(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let bookmark = resource::bookmark(&chat, request.user).ok_or_else(Failure::not_found)?;
    request.answer(StatusCode::OK, bookmark, &query).await
}
