use axum::extract::Path;
use axum::http::StatusCode;
use domain::Text;
use domain::conversation::{Command, Conversation as Aggregate, NAME_LENGTH_MAX};
use serde_json::Value;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::body::Attributes;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::{Change, One};
use crate::pulse::body::Chat;
use crate::pulse::objects::{self, CHAT};
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Change a chat: for any member.
#[utoipa::path(method(put, patch), path = "/chats/{id}",
    operation_id = "pulse.chats",
    params(("id" = Uuid, Path, description = "The chat"), Parameters),
    request_body = Change<Chat>,
    responses((status = 200, description = "The chat", body = One<Chat>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it"),
              (status = 409, description = "Another id or type than the URL's"),
              (status = 422, description = "A value cannot be used")))]
pub(super) async fn update(Path(chat): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&chat)?).await?;
    let attributes = request.existing_attributes(&CHAT, chat.state.conversation.get())?;
    let name = match attributes.get("subject") {
        None => None,
        // A chat without a name is rendered with null, which may be sent back.
        Some(Value::Null) => Some(None),
        Some(_) => Some(Some(subject(&attributes)?)),
    };
    let rename = name.map(|name| Command::RenameConversation { name });
    let stream = chat.state.conversation;
    let commands = rename.into_iter().collect();
    request.execute_all::<Aggregate>(stream, commands).await?;
    let resource = objects::chat(&request.chat(stream).await?, request.user);
    request.answer(StatusCode::OK, resource, &query).await
}

/// The validated name of a chat.
pub(super) fn subject(attributes: &Attributes) -> Result<Text, Failure> {
    let subject = attributes.text("subject")?;
    if subject.trim().is_empty() || subject.chars().count() > NAME_LENGTH_MAX {
        let why = format!("subject must be 1 to {NAME_LENGTH_MAX} characters long");
        return Err(attributes.unusable("subject", why));
    }
    Ok(subject.into())
}
