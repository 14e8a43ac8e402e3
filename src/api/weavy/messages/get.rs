use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Message, Rendered};
use crate::weavy::request::{Weavy, number};

/// Get a message.
#[utoipa::path(get, path = "/messages/{id}",
    operation_id = "weavy.messages.get",
    params(("id" = i64, Path, description = "The message")),
    responses((status = 200, description = "The message", body = Message),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn get(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let id = number(&id)?;
    let found = request.views().message(request.account(), id).await?;
    let found = found.ok_or_else(Failure::not_found)?;
    let conversation = request.conversation(found.message.conversation, request.viewer()).await?;
    let message = Message::new(&found.message, &found.author, conversation.number);
    Ok(Rendered::new(&message))
}
