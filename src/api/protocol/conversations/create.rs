use axum::Json;
use axum::http::StatusCode;
use domain::PublicId;
use serde_json::json;

use crate::description::schema;
use crate::edge::failure::Failure;
use crate::protocol::objects::Conversation;
use crate::protocol::request::Protocol;

schema! {
    /// The contact or the group: exactly one of both.
    NewConversation = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "contact_id": { "type": "string", "description": "A contact's id or uid" },
            "group_id": { "type": "string" },
        },
        "example": { "contact_id": "bob" },
    })
}

/// Start a private chat with a contact, or find the existing one; find a group's conversation.
#[utoipa::path(post, path = "/conversations",
    operation_id = "protocol.conversations.create",
    request_body = NewConversation,
    responses((status = 201, description = "The conversation, made now", body = Conversation),
              (status = 200, description = "The conversation that there was", body = Conversation),
              (status = 400, description = "Neither, both, or the caller"),
              (status = 404, description = "Unknown contact or group")))]
pub(super) async fn create(request: Protocol) -> Result<(StatusCode, Json<Conversation>), Failure> {
    let fields = request.fields().await?;
    let contact = fields.id("contact_id")?.flatten();
    let group = fields.id("group_id")?.flatten();
    match (contact, group) {
        (Some(contact), None) => with_contact(request, contact).await,
        (None, Some(group)) => of_group(request, &group).await,
        _ => Err(Failure::bad_request("exactly one of contact_id and group_id must be given")),
    }
}

async fn with_contact(
    request: Protocol,
    contact: String,
) -> Result<(StatusCode, Json<Conversation>), Failure> {
    let other = request.contacts(&[contact]).await?[0];
    if other == request.user {
        return Err(Failure::bad_request("contact_id must not be the caller's own"));
    }
    let find = |chat| request.entry_of(chat);
    let (outcome, entry) = request.private_chat_found(request.user, other, find).await?;
    let made = outcome.first.map(PublicId::from) == Some(entry.conversation.number);
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(entry.into())))
}

async fn of_group(
    request: Protocol,
    group: &str,
) -> Result<(StatusCode, Json<Conversation>), Failure> {
    let entry = request.entry(group).await?;
    if !entry.is_group() {
        return Err(Failure::not_found());
    }
    // There is no command to claim a key, but one that stands for another request is refused.
    request.replay().await?;
    Ok((StatusCode::OK, Json(entry.into())))
}
