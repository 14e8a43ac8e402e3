use axum::Json;
use axum::http::StatusCode;

use super::Error;
use super::object::Conversation;
use super::request::Protocol;
use crate::failure::Failure;

/// Start a private chat with a contact, or find the one there is; find a group's conversation.
#[utoipa::path(post, path = "/conversations", tag = "Protocol",
    request_body(description = "Exactly one of `contact_id` and `group_id`", content(
        (inline(serde_json::Value) = "application/x-www-form-urlencoded"),
        (inline(serde_json::Value) = "application/json", example = json!({"contact_id": "bob"})),
        (inline(serde_json::Value) = "multipart/form-data"))),
    responses((status = 201, description = "The conversation, made now", body = Conversation),
              (status = 200, description = "The conversation that there was", body = Conversation),
              (status = 400, description = "Neither, both, or the caller", body = Error),
              (status = 404, description = "Unknown contact or group", body = Error)))]
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
        return Err(Failure::bad_request("contact_id must be somebody else than the caller"));
    }
    let find = |chat| request.entry_of(chat);
    let (outcome, entry) = request.private_chat_shown(request.user, other, find).await?;
    let made = outcome.first == Some(entry.conversation.number);
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
    Ok((StatusCode::OK, Json(entry.into())))
}
