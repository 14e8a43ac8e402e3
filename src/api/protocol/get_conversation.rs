use axum::extract::Path;

use super::Error;
use super::object::Conversation;
use super::request::Protocol;
use crate::answer::Answer;
use crate::failure::Failure;

/// Get a conversation. Getting it is not opening it.
#[utoipa::path(get, path = "/conversations/{id}", tag = "Protocol",
    params(("id" = String, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it", body = Error)))]
pub(super) async fn get(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Answer<Conversation>, Failure> {
    let position = request.catch_up().await?;
    Ok(Answer::ok(position, request.entry(&id).await?.into()))
}
