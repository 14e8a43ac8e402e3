use axum::extract::Path;

use super::Problem;
use super::request::{Weavy, number};
use crate::answer::Done;
use crate::commands::Reach;
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// Erase a conversation for everyone, with its messages: for its creator, either member of a private chat,
/// administrators and the host system.
#[utoipa::path(delete, path = "/apps/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "A member without the right", body = Problem),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn delete(Path(id): Path<String>, request: Weavy) -> Result<Done, Failure> {
    let id = number(&id)?;
    request.0.catch_up(SHOWN).await?;
    if let Some(outcome) = request.0.replay().await? {
        return Ok(Done { position: outcome.position });
    }
    let outcome = request.0.delete_conversation(id, Reach::Account).await?;
    Ok(Done { position: request.0.reflected(&outcome).await? })
}
