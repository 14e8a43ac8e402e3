use axum::extract::Path;
use domain::participation::ChangeCommand;

use super::Problem;
use super::object::{Conversation, Rendered};
use super::request::Weavy;
use crate::failure::Failure;

/// Pin a conversation in the caller's list.
#[utoipa::path(put, path = "/conversations/{id}/pin", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn pin(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let (state, _) = request.member_state(&id).await?;
    request.change_and_show(state, ChangeCommand::PinConversation).await
}

/// Unpin a conversation.
#[utoipa::path(delete, path = "/conversations/{id}/pin", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn unpin(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let (state, _) = request.member_state(&id).await?;
    request.change_and_show(state, ChangeCommand::UnpinConversation).await
}
