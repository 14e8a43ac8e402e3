use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;
use crate::pulse::body::ChatMembership;
use crate::pulse::objects;
use crate::pulse::query::{ids, narrow};
use crate::pulse::request::Pulse;

pub(super) const INCLUDES: &[&str] = &["chat", "user"];

const OFFER: Offer = Offer {
    includes: INCLUDES,
    sorts: &[],
    filters: &["chat_id", "user_id"],
    paged: true,
    own: &[],
};
offered!(OFFER);

/// List the members of the caller's chats, in the order in which they were added.
#[utoipa::path(get, path = "/chat_memberships",
    operation_id = "pulse.chat_memberships.list",
    params(Parameters),
    responses((status = 200, description = "A page", body = Page<ChatMembership>)))]
pub(super) async fn list(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let (mut chats, mut users) = (None, None);
    for (name, values) in &query.filters {
        match name.as_str() {
            "chat_id" => narrow(&mut chats, ids(name, values)?),
            _ => narrow(&mut users, ids(name, values)?),
        }
    }
    let (chats, users) = (chats.as_deref(), users.as_deref());
    let (size, offset) = (query.page.size, query.page.offset());
    let page = request.views().memberships(request.user, chats, users, size, offset).await?;
    let resources = page.items.iter().map(objects::membership).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
