use domain::contact::{Command, Contact};
use domain::contact_claim::{self, ContactClaim};
use domain::contact_link::ContactLink;
use domain::{ContactId, PublicId};
use event_store::Together;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::place::{self, Place};
use super::profile;
use super::shown::Shown;
use crate::chatwoot::objects::{self, Inbox, LinkedContact};
use crate::chatwoot::request::Chatwoot;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;
use crate::edge::request::new_id;

schema! {
    /// A new contact, linked to an inbox if one is named.
    NewContact = {
        let example = json!({ "name": "Ana", "email": "ana@example.com", "inbox_id": 3 });
        let mut contact = profile::schema(example);
        for (name, property) in place::properties() {
            contact["properties"][name] = property;
        }
        contact
    }
}

/// A contact that was created.
#[derive(Debug, Serialize, ToSchema)]
struct MadeContact<'a> {
    payload: MadeContactPayload<'a>,
}

/// The contact, and their link to the inbox that was named.
#[derive(Debug, Serialize, ToSchema)]
struct MadeContactPayload<'a> {
    contact: LinkedContact<'a>,
    contact_inbox: MadeContactInbox<'a>,
}

/// Both are null if no inbox was named.
#[derive(Debug, Serialize, ToSchema)]
struct MadeContactInbox<'a> {
    source_id: Option<&'a str>,
    inbox: Option<Inbox<'a>>,
}

/// Create a contact. No two of an account have the same e-mail address, phone number or identifier.
#[utoipa::path(post, path = "/{account_id}/contacts",
    operation_id = "chatwoot.contacts.create",
    params(("account_id" = i64, Path, description = "The caller's account")),
    request_body = Option<NewContact>,
    responses((status = 200, description = "The contact", body = MadeContact),
              (status = 403, description = "The inbox is not the caller's"),
              (status = 404, description = "Unknown inbox"),
              (status = 422, description = "A value cannot be used, or is another contact's")))]
pub(super) async fn create(request: Chatwoot) -> Result<Rendered, Failure> {
    let body = request.body()?;
    let profile = profile::read(&body)?;
    let place = Place::read(&request, &body).await?;
    let contact: ContactId = new_id();
    let command = Command::CreateContact { profile: profile.clone() };
    let mut together = Together::of::<Contact>(contact, vec![command]);
    for (identity, value) in profile::identities(&profile) {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        let claim = contact_claim::Command::Claim { contact, identity };
        let stream = identity.claim(request.account(), value);
        together = together.and::<ContactClaim>(stream, vec![claim]);
    }
    if let Some(place) = &place {
        let (stream, command) = place.taken_by(contact, &request);
        together = together.and::<ContactLink>(stream, vec![command]);
    }
    let outcome = request.execute_together(together).await?;
    let number = outcome.first.map(PublicId::from).ok_or_else(Failure::not_found)?;
    let made = Shown::find(&request, number).await?;
    let inbox = place.as_ref().map(|place| &place.inbox);
    let contact_inbox = MadeContactInbox {
        source_id: inbox.and_then(|inbox| made.first_source_id(inbox.uuid)),
        inbox: inbox.map(objects::inbox),
    };
    let payload = MadeContactPayload { contact: made.linked_contact(), contact_inbox };
    Ok(Rendered::new(&MadeContact { payload }))
}
