use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};
use serde_json::Value;

use super::Problem;
use super::json::Object;
use super::object::{Message, Rendered};
use super::request::{Weavy, number};
use crate::failure::Failure;
use crate::request::new_id;

/// Post a message.
#[utoipa::path(post, path = "/apps/{id}/messages", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    request_body(content = inline(serde_json::Value), description = "`text` (required), `metadata`, `tags`",
                 example = json!({"text": "Hello"})),
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "No text, or what is not offered", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn post(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let author = request.user()?;
    let (state, _) = request.member_state(&id).await?;
    let body = request.body()?;
    refuse_what_is_not_offered(&body)?;
    let command = Command::PostMessage {
        message: new_id(),
        author,
        text: body.text("text")?.unwrap_or_default(),
        metadata: body.object("metadata")?,
        tags: body.strings("tags")?.unwrap_or_default(),
    };
    let outcome = request.execute::<Aggregate>(state.conversation, command).await?;
    let message = outcome.first.ok_or_else(Failure::not_found)?;
    let message = request.views().message(request.account(), message).await?;
    let posted = message.ok_or_else(Failure::not_found)?;
    Ok(Rendered::new(&Message::new(&posted.message, &posted.author, number(&id)?)))
}

/// Clients send these with empty values always; a value that asks for something must not be dropped silently.
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
