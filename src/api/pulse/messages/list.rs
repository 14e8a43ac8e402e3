use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::Page;
use crate::pulse::body::Message;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

pub(super) const INCLUDES: &[&str] = &["author", "chat"];

const OFFER: Offer = Offer { includes: INCLUDES, sorts: &[], filters: &[], paged: true, own: &[] };
offered!(OFFER);

/// List the messages of a chat, newest first.
#[utoipa::path(get, path = "/chats/{chat_id}/messages",
    operation_id = "pulse.messages.list",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    responses((status = 200, description = "A page", body = Page<Message>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn list(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let (size, offset) = (query.page.size, query.page.offset());
    let page = request.views().messages(chat.state.conversation, true, size, offset).await?;
    let resources = page.items.iter().map(|found| objects::message(&found.message)).collect();
    Document::page(resources, page.total.unwrap_or(0), &query, &request).await
}
