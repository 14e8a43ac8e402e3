use axum::extract::Path;
use projections::messages;

use super::Problem;
use super::object::Message;
use super::request::{Weavy, number};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// Get a message.
#[utoipa::path(get, path = "/messages/{id}", tag = "Weavy",
    params(("id" = i64, Path, description = "The message")),
    responses((status = 200, description = "The message", body = Message),
              (status = 404, description = "Unknown, or the caller is not in its conversation", body = Problem)))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Weavy,
) -> Result<Answer<Message>, Failure> {
    let id = number(&id)?;
    let position = request.0.catch_up(SHOWN).await?;
    let message = messages::get(&request.0.state.pool, request.account(), id)
        .await?
        .ok_or_else(Failure::not_found)?;
    request.view(message.app_id, false).await?;
    Ok(Answer::ok(position, message.into()))
}
