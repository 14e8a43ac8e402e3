use axum::extract::Path;
use axum::http::StatusCode;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Remove the caller's star from a conversation.
#[utoipa::path(delete, path = "/apps/{id}/stars",
    operation_id = "weavy.apps.unstar",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "The star is gone"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn unstar(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let (membership, _) = request.membership(&id).await?;
    request.change(membership, ChangeCommand::UnstarConversation).await?;
    Ok(StatusCode::NO_CONTENT)
}
