use axum::http::StatusCode;

use super::Errors;
use super::list_direct_conversations::INCLUDES;
use super::request::Pulse;
use super::resource::{self, DIRECT_CONVERSATION};
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;

const OFFER: Offer = Offer::including(INCLUDES);

/// Start a direct conversation with a user, or find the one there is.
#[utoipa::path(post, path = "/direct_conversations", tag = "Pulse",
    request_body(content = inline(serde_json::Value), content_type = "application/vnd.api+json",
        description = "`user_id`: the other participant",
        example = json!({"data": {"type": "direct_conversation", "attributes": {"user_id": "018f4e2b-0000-7abc-9def-0123456789ab"}}})),
    responses((status = 201, description = "Made now", content_type = "application/vnd.api+json"),
              (status = 200, description = "The one there was", content_type = "application/vnd.api+json"),
              (status = 404, description = "There is no such user", body = Errors, content_type = "application/vnd.api+json"),
              (status = 422, description = "A value cannot be used", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn create(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let attributes = request.new_attributes(&DIRECT_CONVERSATION)?;
    let other = request.named_user(&attributes, "user_id").await?;
    if other == request.user {
        let why = "user_id must be somebody else than the caller";
        return Err(attributes.unusable("user_id", why).coded("self_conversation"));
    }
    let find = |chat| request.chat(chat);
    let (outcome, chat) = request.private_chat_shown(request.user, other, find).await?;
    let made = outcome.first == Some(chat.conversation.number);
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let resource = resource::direct_conversation(&chat, request.user);
    request.answer(status, resource, &query).await
}
