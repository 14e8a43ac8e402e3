use axum::extract::Path;
use axum::http::StatusCode;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Star a conversation for the caller.
#[utoipa::path(post, path = "/apps/{id}/stars",
    operation_id = "weavy.apps.star",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "The star is set"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn star(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let (membership, _) = request.membership(&id).await?;
    request.change(membership, ChangeCommand::StarConversation).await?;
    Ok(StatusCode::NO_CONTENT)
}
