use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};
use projections::messages;
use serde_json::Value;

use super::Problem;
use super::json::Object;
use super::object::Message;
use super::request::Weavy;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::new_id;

/// Post a message.
#[utoipa::path(post, path = "/apps/{id}/messages", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    request_body(content = inline(serde_json::Value), description = "`text` (required), `metadata`, `tags`",
                 example = json!({"text": "Hello"})),
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "No text, or what is not offered", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn post(
    Path(id): Path<String>,
    request: Weavy,
) -> Result<Answer<Message>, Failure> {
    let author = request.user()?;
    let (_, seat) = request.seat(&id).await?;
    let body = request.body()?;
    refuse_what_is_not_offered(&body)?;
    let command = Command::PostMessage {
        message: new_id(),
        author,
        text: body.text("text")?.unwrap_or_default(),
        metadata: body.object("metadata")?,
        tags: body.strings("tags")?.unwrap_or_default(),
    };
    let outcome = request.0.execute::<Aggregate>(seat.conversation, "PostMessage", command).await?;
    let position = request.0.reflected(&outcome).await?;
    let message = outcome.first_position.unwrap_or(outcome.position);
    let message = messages::get(&request.0.state.pool, request.account(), message).await?;
    Ok(Answer::ok(position, message.ok_or_else(Failure::not_found)?.into()))
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
