use domain::conversation::Kind;
use projections::views::{Choice, Column};

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;
use crate::pulse::body::DirectConversation;
use crate::pulse::objects;
use crate::pulse::query::{choice, ids};
use crate::pulse::request::Pulse;

pub(super) const INCLUDES: &[&str] =
    &["chat", "first_user", "second_user", "chat.latest_message", "chat.bookmark"];

const OFFER: Offer = Offer {
    includes: INCLUDES,
    sorts: &["chat_updated_at", "created_at", "user_id", "first_user_id", "second_user_id"],
    filters: &["id", "user_id", "first_user_id", "second_user_id"],
    paged: true,
    own: &["search_peer"],
};
offered!(OFFER);

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
#[utoipa::path(get, path = "/direct_conversations",
    operation_id = "pulse.direct_conversations.list",
    params(Parameters),
    responses((status = 200, description = "A page", body = Page<DirectConversation>)))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let mut choice = Choice {
        kinds: vec![Kind::Private],
        peer: query.own.get("search_peer").cloned(),
        ..choice(&request, &query, column)
    };
    for (name, values) in &query.filters {
        choice.filters.push((column(name), ids(name, values)?));
    }
    let page = request.views().chats(request.user, &choice).await?;
    let resources =
        page.items.iter().map(|chat| objects::direct_conversation(chat, request.user)).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
