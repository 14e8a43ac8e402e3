use axum::http::StatusCode;
use domain::PublicId;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{New, One};
use crate::pulse::body::DirectConversation;
use crate::pulse::objects::{self, DIRECT_CONVERSATION};
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Start a direct conversation with a user, or find the existing one.
#[utoipa::path(post, path = "/direct_conversations",
    operation_id = "pulse.direct_conversations.create",
    params(Parameters),
    request_body = New<DirectConversation>,
    responses((status = 201, description = "Made now", body = One<DirectConversation>),
              (status = 200, description = "The one there was", body = One<DirectConversation>),
              (status = 404, description = "There is no such user"),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn create(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let attributes = request.new_attributes(&DIRECT_CONVERSATION)?;
    let other = request.named_user(&attributes, "user_id").await?;
    if other == request.user {
        let why = "user_id must not be the caller's own";
        return Err(attributes.unusable("user_id", why).coded("self_conversation"));
    }
    let find = |chat| request.chat(chat);
    let (outcome, chat) = request.private_chat_found(request.user, other, find).await?;
    let made = outcome.first.map(PublicId::from) == Some(chat.conversation.number);
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let resource = objects::direct_conversation(&chat, request.user);
    request.answer(status, resource, &query).await
}
