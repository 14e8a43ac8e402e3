use axum::extract::Path;
use axum::http::StatusCode;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::Chat;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Get a chat.
#[utoipa::path(get, path = "/chats/{id}",
    operation_id = "pulse.chats.get",
    params(("id" = Uuid, Path, description = "The chat"), Parameters),
    responses((status = 200, description = "The chat", body = One<Chat>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn get(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let resource = objects::chat(&chat, request.user);
    request.answer(StatusCode::OK, resource, &query).await
}
