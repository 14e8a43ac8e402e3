use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};
use projections::{inbox, messages};
use serde_json::{Map, Value};

use super::Problem;
use super::object::Message;
use super::request::{Weavy, number};
use crate::answer::{Answer, Done};
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// Edit a message: for its author.
#[utoipa::path(patch, path = "/messages/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The message")),
    request_body(content = inline(serde_json::Value), description = "`text`, `metadata`, `tags`; what is left out stays",
                 example = json!({"text": "Hello again"})),
    responses((status = 200, description = "The message", body = Message),
              (status = 400, description = "A value cannot be used", body = Problem),
              (status = 403, description = "Not the author", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in its conversation", body = Problem)))]
pub(super) async fn edit(
    Path(id): Path<String>,
    request: Weavy,
) -> Result<Answer<Message>, Failure> {
    let author = request.user()?;
    let found = find(&request, &id).await?;
    if found.message.created_by.uid != request.caller().uid {
        return Err(Failure::forbidden("only its author may edit a message"));
    }
    let body = request.body()?;
    let text = match body.get("text") {
        Some(_) => body.text("text")?.unwrap_or_default(),
        None => found.message.text.as_str().into(),
    };
    let kept = || found.message.metadata.clone().and_then(|kept| kept.as_object().cloned());
    let metadata: Option<Map<String, Value>> =
        if body.names("metadata") { body.object("metadata")? } else { kept() };
    let tags = body.strings("tags")?.unwrap_or(found.message.tags);
    let command =
        Command::EditMessage { message: found.message.uuid, author, text, metadata, tags };
    let outcome =
        request.0.execute::<Aggregate>(found.conversation, "EditMessage", command).await?;
    let position = request.0.reflected(&outcome).await?;
    let message = messages::get(&request.0.state.pool, request.account(), found.message.id).await?;
    Ok(Answer::ok(position, message.ok_or_else(Failure::not_found)?.into()))
}

/// Erase a message for everyone: for its author, administrators and the host system.
#[utoipa::path(delete, path = "/messages/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The message")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "Not the author", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in its conversation", body = Problem)))]
pub(super) async fn delete(Path(id): Path<String>, request: Weavy) -> Result<Done, Failure> {
    if let Some(outcome) = request.0.replay().await? {
        return Ok(Done { position: outcome.position });
    }
    let found = find(&request, &id).await?;
    let authored =
        request.caller().user().is_some() && found.message.created_by.uid == request.caller().uid;
    if !authored && !request.0.administers() {
        return Err(Failure::forbidden(
            "only its author, an administrator or the host system may delete a message",
        ));
    }
    let command = Command::DeleteMessage { message: found.message.uuid };
    let outcome =
        request.0.execute::<Aggregate>(found.conversation, "DeleteMessage", command).await?;
    Ok(Done { position: request.0.reflected(&outcome).await? })
}

struct Found {
    message: messages::Message,
    conversation: uuid::Uuid,
}

/// A message that the caller may see, and its conversation's stream.
async fn find(request: &Weavy, id: &str) -> Result<Found, Failure> {
    let id = number(id)?;
    request.0.catch_up(SHOWN).await?;
    let (pool, account) = (&request.0.state.pool, request.account());
    let message = messages::get(pool, account, id).await?.ok_or_else(Failure::not_found)?;
    let viewer = if request.0.administers() { inbox::Viewer::Key } else { request.viewer() };
    let view = inbox::get(pool, account, viewer, message.app_id, false).await?;
    Ok(Found { message, conversation: view.ok_or_else(Failure::not_found)?.uuid })
}
