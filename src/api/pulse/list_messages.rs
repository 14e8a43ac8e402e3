use axum::extract::Path;

use super::Errors;
use super::request::{Pulse, id};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

pub(super) const INCLUDES: &[&str] = &["author", "chat"];

const OFFER: Offer = Offer { includes: INCLUDES, sorts: &[], filters: &[], paged: true, own: &[] };

/// List the messages of a chat, newest first.
#[utoipa::path(get, path = "/chats/{chat_id}/messages", tag = "Pulse",
    params(("chat_id" = Uuid, Path, description = "The chat"),
           ("include" = Option<String>, Query, description = "author, chat"),
           ("page[number]" = Option<i64>, Query, description = "From 1"),
           ("page[size]" = Option<i64>, Query, description = "25 unless told, up to 100")),
    responses((status = 200, description = "A page", content_type = "application/vnd.api+json"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn list(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let (size, offset) = (query.page.size, query.page.offset());
    let page = request.views().messages(chat.state.conversation, true, size, offset).await?;
    let resources = page.items.iter().map(|shown| resource::message(&shown.message)).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
