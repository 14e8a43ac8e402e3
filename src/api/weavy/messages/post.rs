use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate, TEXT_LENGTH_MAX};
use serde_json::{Value, json};

use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::weavy::body::Object;
use crate::weavy::objects::{Message, Rendered};
use crate::weavy::request::{Weavy, number};

schema! {
    /// A message to post.
    NewMessage = json!({
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": parts::required_text(TEXT_LENGTH_MAX),
            "metadata": parts::metadata(),
            "tags": parts::tags(),
        },
        "example": { "text": "Hello" },
    })
}

/// Post a message.
#[utoipa::path(post, path = "/apps/{id}/messages",
    operation_id = "weavy.messages.post",
    params(("id" = i64, Path, description = "The conversation")),
    request_body = NewMessage,
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "No text, or what is not offered"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn post(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let author = request.user()?;
    let (membership, _) = request.membership(&id).await?;
    let body = request.body()?;
    refuse_what_is_not_offered(&body)?;
    let command = Command::PostMessage {
        message: new_id(),
        author,
        text: body.text("text")?.unwrap_or_default(),
        metadata: body.object("metadata")?,
        tags: body.strings("tags")?.unwrap_or_default(),
    };
    let conversation = membership.conversation;
    let outcome = request.execute::<Aggregate>(conversation, command).await?;
    let first = outcome.first.ok_or_else(Failure::not_found)?.into();
    let message = request.views().posted(request.account(), conversation, first).await?;
    let posted = message.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&Message::new(&posted.message, &posted.author, number(&id)?)))
}

/// Clients always send these properties, empty. A value that asks for an unsupported feature must
/// not be dropped silently.
fn refuse_what_is_not_offered(body: &Object) -> Result<(), Failure> {
    for name in ["blobs", "embed_id", "meeting_id", "options"] {
        let empty = match body.get(name) {
            None => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(object)) => object.is_empty(),
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
        };
        if !empty {
            return Err(Failure::bad_request(format!("{name} is not offered and must be empty")));
        }
    }
    Ok(())
}
