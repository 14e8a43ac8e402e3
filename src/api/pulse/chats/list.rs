use projections::views::Column;

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;
use crate::pulse::body::Chat;
use crate::pulse::objects::{self, context_type};
use crate::pulse::query::choice;
use crate::pulse::request::Pulse;

pub(super) const INCLUDES: &[&str] = &["latest_message", "bookmark"];

const OFFER: Offer = Offer {
    includes: INCLUDES,
    sorts: &["updated_at", "created_at", "subject"],
    filters: &["context_type"],
    paged: true,
    own: &[],
};
offered!(OFFER);

fn column(name: &str) -> Column {
    match name {
        "created_at" => Column::CreatedAt,
        "subject" => Column::Name,
        _ => Column::ChangedAt,
    }
}

/// List the caller's chats, the latest changed first.
#[utoipa::path(get, path = "/chats",
    operation_id = "pulse.chats.list",
    params(Parameters),
    responses((status = 200, description = "A page", body = Page<Chat>)))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let mut choice = choice(&request, &query, column);
    // The context of a chat is a direct conversation, or nothing: filters by anything else match no
    // chat.
    for (_, values) in &query.filters {
        let wanted = |text: &str| values.iter().any(|value| value == text);
        choice.kinds.retain(|kind| wanted(context_type(*kind).unwrap_or_default()));
    }
    let page = request.views().chats(request.user, &choice).await?;
    let resources = page.items.iter().map(|chat| objects::chat(chat, request.user)).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
