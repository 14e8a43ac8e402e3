use super::Errors;
use super::list_users::narrow;
use super::request::{Pulse, ids};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

pub(super) const INCLUDES: &[&str] = &["chat", "user"];

const OFFER: Offer = Offer {
    includes: INCLUDES,
    sorts: &[],
    filters: &["chat_id", "user_id"],
    paged: true,
    own: &[],
};

/// List who is in the caller's chats, as they came.
#[utoipa::path(get, path = "/chat_memberships", tag = "Pulse",
    params(("filter[chat_id]" = Option<String>, Query, description = "value, eq:value or in:a,b"),
           ("filter[user_id]" = Option<String>, Query, description = "value, eq:value or in:a,b"),
           ("include" = Option<String>, Query, description = "chat, user"),
           ("page[number]" = Option<i64>, Query, description = "From 1"),
           ("page[size]" = Option<i64>, Query, description = "25 unless told, up to 100")),
    responses((status = 200, description = "A page", content_type = "application/vnd.api+json"),
              (status = 400, description = "A parameter is unknown or cannot be used", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let (mut chats, mut users) = (None, None);
    for (name, values) in &query.filters {
        let chosen = if name == "chat_id" { &mut chats } else { &mut users };
        narrow(chosen, ids(name, values)?);
    }
    let (chats, users) = (chats.as_deref(), users.as_deref());
    let (size, offset) = (query.page.size, query.page.offset());
    let page = request.views().memberships(request.user, chats, users, size, offset).await?;
    let resources = page.items.iter().map(resource::membership).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
