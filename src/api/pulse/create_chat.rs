use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate, Create};

use super::Errors;
use super::list_chats::INCLUDES;
use super::request::Pulse;
use super::resource::{self, CHAT};
use super::update_chat::subject;
use crate::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::query::Offer;
use crate::request::new_id;

const OFFER: Offer = Offer::including(INCLUDES);

/// Make a chat with the caller as its only member.
#[utoipa::path(post, path = "/chats", tag = "Pulse",
    request_body(content = inline(serde_json::Value), content_type = "application/vnd.api+json",
        description = "`subject`",
        example = json!({"data": {"type": "chat", "attributes": {"subject": "Orders"}}})),
    responses((status = 201, description = "The chat", content_type = "application/vnd.api+json"),
              (status = 422, description = "A value cannot be used", body = Errors, content_type = "application/vnd.api+json")))]
pub(super) async fn create(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let attributes = request.new_attributes(&CHAT)?;
    let command = Command::CreateConversation(Create {
        name: Some(subject(&attributes)?),
        ..Create::room(request.user, vec![])
    });
    let outcome = request.execute::<Aggregate>(new_id(), command).await?;
    let chat = request.chat(outcome.aggregate_id).await?;
    let resource = resource::chat(&chat, request.user);
    request.answer(StatusCode::CREATED, resource, &query).await
}
