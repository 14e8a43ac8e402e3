use domain::conversation::Kind;
use projections::views::{Choice, Column};

use super::Errors;
use super::request::{Pulse, choice, ids};
use super::resource;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

pub(super) const INCLUDES: &[&str] =
    &["chat", "first_user", "second_user", "chat.latest_message", "chat.bookmark"];

const OFFER: Offer = Offer {
    includes: INCLUDES,
    sorts: &["chat_updated_at", "created_at", "user_id", "first_user_id", "second_user_id"],
    filters: &["id", "user_id", "first_user_id", "second_user_id"],
    paged: true,
    own: &["search_peer"],
};

fn column(name: &str) -> Column {
    match name {
        "id" => Column::Conversation,
        "user_id" => Column::Other,
        "first_user_id" => Column::First,
        "second_user_id" => Column::Second,
        "created_at" => Column::CreatedAt,
        _ => Column::ChangedAt,
    }
}

/// List the caller's direct conversations, the latest changed first.
#[utoipa::path(get, path = "/direct_conversations", tag = "Pulse",
    params(("search_peer" = Option<String>, Query, description = "Part of the other participant's name or username"),
           ("sort" = Option<String>, Query, description = "chat_updated_at, created_at, user_id, first_user_id, second_user_id; - before one descends"),
           ("include" = Option<String>, Query, description = "chat, first_user, second_user, chat.latest_message, chat.bookmark"),
           ("filter[user_id]" = Option<String>, Query, description = "value, eq:value or in:a,b; also id, first_user_id, second_user_id"),
           ("fields[direct_conversation]" = Option<String>, Query, description = "Only these fields; for any type"),
           ("page[number]" = Option<i64>, Query, description = "From 1"),
           ("page[size]" = Option<i64>, Query, description = "25 unless told, up to 100")),
    responses((status = 200, description = "A page", content_type = "application/vnd.api+json"),
              (status = 400, description = "A parameter is unknown or cannot be used", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let mut choice = Choice {
        kinds: vec![Kind::Private],
        peer: query.own.get("search_peer").cloned(),
        ..choice(&query, column)
    };
    for (name, values) in &query.filters {
        choice.filters.push((column(name), ids(name, values)?));
    }
    let page = request.views().chats(request.user, &choice).await?;
    let resources =
        page.items.iter().map(|chat| resource::direct_conversation(chat, request.user)).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
