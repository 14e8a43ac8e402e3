use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};

use super::find;
use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Erase a message for everyone: for its author, administrators and the host system.
#[utoipa::path(delete, path = "/messages/{id}",
    operation_id = "weavy.messages.delete",
    params(("id" = i64, Path, description = "The message")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn delete(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let found = find(&request, &id).await?;
    let authored = request.caller.user() == Some(found.message.author);
    if !authored && !request.administers() {
        return Err(Failure::forbidden(
            "only its author, an administrator or the host system may delete a message",
        ));
    }
    let command = Command::DeleteMessage { message: found.message.uuid };
    request.execute::<Aggregate>(found.message.conversation, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
