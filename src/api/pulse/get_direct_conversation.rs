use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::Kind;

use super::Errors;
use super::list_direct_conversations::INCLUDES;
use super::request::{Pulse, id};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

const OFFER: Offer = Offer::including(INCLUDES);

/// Get a direct conversation.
#[utoipa::path(get, path = "/direct_conversations/{id}", tag = "Pulse",
    params(("id" = Uuid, Path, description = "The direct conversation"),
           ("include" = Option<String>, Query, description = "chat, first_user, second_user, chat.latest_message, chat.bookmark")),
    responses((status = 200, description = "The direct conversation", content_type = "application/vnd.api+json"),
              (status = 404, description = "Unknown, trashed, a room's, or the caller is not in it", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn get(Path(direct): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&direct)?).await?;
    if chat.conversation.kind != Kind::Private {
        return Err(Failure::not_found());
    }
    let resource = resource::direct_conversation(&chat, request.user);
    request.answer(StatusCode::OK, resource, &query).await
}
