use axum::extract::Path;

use super::Problem;
use super::object::Conversation;
use super::request::{Weavy, number};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// Get a conversation with all its members.
#[utoipa::path(get, path = "/conversations/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation"),
           ("trashed" = Option<bool>, Query, description = "Also when it is in the trash")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Problem)))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Weavy,
) -> Result<Answer<Conversation>, Failure> {
    let id = number(&id)?;
    let trashed_too = request.query().boolean("trashed", false)?;
    let position = request.0.catch_up(SHOWN).await?;
    Ok(Answer::ok(position, request.view(id, trashed_too).await?))
}
