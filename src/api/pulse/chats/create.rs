use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate, Create};

use super::list::INCLUDES;
use super::update::subject;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{New, One};
use crate::pulse::body::Chat;
use crate::pulse::objects::{self, CHAT};
use crate::pulse::request::Pulse;

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Create a chat with the caller as its only member.
#[utoipa::path(post, path = "/chats",
    operation_id = "pulse.chats.create",
    params(Parameters),
    request_body = New<Chat>,
    responses((status = 201, description = "The chat", body = One<Chat>),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn create(request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let attributes = request.new_attributes(&CHAT)?;
    let command = Command::CreateConversation(Create {
        name: Some(subject(&attributes)?),
        ..Create::room(request.user, vec![])
    });
    let outcome = request.execute::<Aggregate>(new_id(), command).await?;
    let chat = request.chat(outcome.aggregate_id.into()).await?;
    let resource = objects::chat(&chat, request.user);
    request.answer(StatusCode::CREATED, resource, &query).await
}
