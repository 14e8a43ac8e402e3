use axum::extract::Path;
use domain::conversation::{Command, Conversation as Aggregate};
use projections::inbox;

use super::Error;
use super::request::Protocol;
use crate::answer::Done;
use crate::failure::Failure;

/// Erase a message for everyone: for its author and administrators.
#[utoipa::path(delete, path = "/messages/{id}", tag = "Protocol",
    params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "Not the author", body = Error),
              (status = 404, description = "Unknown, or the caller is not in its conversation", body = Error)))]
pub(super) async fn delete(Path(id): Path<String>, request: Protocol) -> Result<Done, Failure> {
    request.catch_up().await?;
    let incoming = &request.incoming;
    if let Some(outcome) = incoming.replay().await? {
        return Ok(Done { position: outcome.position });
    }
    let found = request.message(&id).await?.message;
    if incoming.administers() {
        let (pool, account) = (&incoming.state.pool, incoming.account());
        let number = inbox::number(pool, account, found.conversation).await?;
        let number = number.ok_or_else(Failure::not_found)?;
        let present = inbox::get(pool, account, inbox::Viewer::Key, number, false).await?;
        present.ok_or_else(Failure::not_found)?;
    } else {
        request.entry_of(found.conversation).await?;
        if found.author != request.user {
            let why = "only its author and administrators may delete a message";
            return Err(Failure::forbidden(why));
        }
    }
    let command = Command::DeleteMessage { message: found.uuid };
    let outcome =
        incoming.execute::<Aggregate>(found.conversation, "DeleteMessage", command).await?;
    Ok(Done { position: incoming.reflected(&outcome).await? })
}
