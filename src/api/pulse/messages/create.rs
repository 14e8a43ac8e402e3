use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};

use super::list::INCLUDES;
use super::update::content;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{New, One};
use crate::pulse::body::Message;
use crate::pulse::objects::{self, MESSAGE};
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Post a message.
#[utoipa::path(post, path = "/chats/{chat_id}/messages",
    operation_id = "pulse.messages.create",
    params(("chat_id" = Uuid, Path, description = "The chat"), Parameters),
    request_body = New<Message>,
    responses((status = 201, description = "The message", body = One<Message>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it"),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn create(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let attributes = request.new_attributes(&MESSAGE)?;
    let command = Command::PostMessage {
        message: new_id(),
        author: request.user,
        text: content(&attributes)?,
        metadata: None,
        tags: vec![],
    };
    let conversation = chat.state.conversation;
    let outcome = request.execute::<Aggregate>(conversation, command).await?;
    // A repeated request generated another message id: find the original's message by its number.
    let number = outcome.first.ok_or_else(Failure::not_found)?.into();
    let message = request.views().posted(request.account(), conversation, number).await?;
    let resource = objects::message(&message.ok_or_else(Failure::not_found)?.message);
    request.answer(StatusCode::CREATED, resource, &query).await
}
