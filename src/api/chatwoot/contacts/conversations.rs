use axum::extract::Path;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chatwoot::objects::{self, Conversation};
use crate::chatwoot::request::{Chatwoot, number_in_path};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Most conversations in an answer.
const CONVERSATIONS_MAX: i64 = 20;

/// A contact's conversations.
#[derive(Debug, Serialize, ToSchema)]
struct ContactConversations<'a> {
    payload: Vec<Conversation<'a>>,
}

/// List a contact's conversations of the caller's inboxes, the newest activity first: 20 at most.
#[utoipa::path(get, path = "/{account_id}/contacts/{id}/conversations",
    operation_id = "chatwoot.contacts.conversations",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The contact")),
    responses((status = 200, description = "Conversations", body = ContactConversations)))]
pub(super) async fn conversations(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let contact = request.contact(number_in_path(&id)?).await?;
    let (views, desk) = (request.views(), &request.desk);
    let found = views.support_list_of_contact(desk, contact.uuid, CONVERSATIONS_MAX).await?;
    let payload = found.iter().map(|one| objects::conversation(one, desk)).collect();
    Ok(Rendered::new(&ContactConversations { payload }))
}
