use axum::extract::Path;
use axum::http::StatusCode;

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::ChatBookmark;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

pub(super) const OFFER: Offer = Offer::including(&["chat", "user"]);
offered!(OFFER);

/// Get how far the caller has read a chat.
#[utoipa::path(get, path = "/chats/{chat_id}/bookmark",
    operation_id = "pulse.bookmarks.get",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    responses((status = 200, description = "The bookmark", body = One<ChatBookmark>),
              (status = 404, description = "There is none, or no such chat")))]
pub(super) async fn get(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let bookmark = objects::bookmark(&chat, request.user).ok_or_else(Failure::not_found)?;
    request.answer(StatusCode::OK, bookmark, &query).await
}
