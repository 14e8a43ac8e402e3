use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};

use crate::edge::failure::Failure;
use crate::protocol::request::Protocol;

/// Erase a message for everyone: for its author and administrators.
#[utoipa::path(delete, path = "/messages/{id}",
    operation_id = "protocol.messages.delete",
    params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "Not the author"),
              (status = 404, description = "Unknown, or the caller is not in its conversation")))]
pub(super) async fn delete(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<StatusCode, Failure> {
    let found = request.message(&id).await?.message;
    if request.administers() {
        let conversation = request.views().conversation(found.conversation).await?;
        conversation.filter(|found| !found.trashed).ok_or_else(Failure::not_found)?;
    } else {
        request.entry_of(found.conversation).await?;
        if found.author != request.user {
            let why = "only its author and administrators may delete a message";
            return Err(Failure::forbidden(why));
        }
    }
    let command = Command::DeleteMessage { message: found.uuid };
    request.execute::<Aggregate>(found.conversation, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
