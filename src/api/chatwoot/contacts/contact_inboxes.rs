use axum::extract::Path;
use domain::contact_link::ContactLink;
use serde_json::json;

use super::place::{self, Place};
use crate::chatwoot::error::missing;
use crate::chatwoot::objects::{ContactInbox, contact_inbox};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The inbox, and the contact's source id in it (default: a new UUID).
    NewContactInbox = {
        let mut link = json!({
            "type": "object",
            "required": ["inbox_id"],
            "properties": {},
            "example": { "inbox_id": 3, "source_id": "ana" },
        });
        for (name, property) in place::properties() {
            link["properties"][name] = property;
        }
        link["properties"]["inbox_id"]["type"] = json!(["integer", "string"]);
        link
    }
}

/// Link a contact to an inbox. A source id belongs to one contact of its inbox.
#[utoipa::path(post, path = "/{account_id}/contacts/{id}/contact_inboxes",
    operation_id = "chatwoot.contacts.contact_inboxes",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The contact")),
    request_body = NewContactInbox,
    responses((status = 200, description = "Who the contact is", body = ContactInbox),
              (status = 403, description = "The inbox is not the caller's"),
              (status = 404, description = "Unknown contact or inbox"),
              (status = 422, description = "inbox_id missing, or a source id that is taken")))]
pub(super) async fn contact_inboxes(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let contact = request.contact(number_in_path(&id)?).await?;
    let place = Place::read(&request, &request.body()?).await?;
    let place = place.ok_or_else(|| missing("inbox_id"))?;
    let (stream, command) = place.taken_by(contact.uuid, &request);
    let outcome = request.execute::<ContactLink>(stream, command).await?;
    // A repeated request generated another source id than the original: find the original's link.
    let links = request.views().links_of_contact(contact.uuid).await?;
    let link = links.iter().find(|link| link.uuid.get() == outcome.aggregate_id);
    let link = link.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&contact_inbox(&link.source_id, &place.inbox)))
}
