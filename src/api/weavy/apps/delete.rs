use axum::extract::Path;
use axum::http::StatusCode;

use crate::edge::failure::Failure;
use crate::edge::permissions::Reach;
use crate::weavy::request::{Weavy, number};

/// Erase a conversation for everyone, with its messages: for its creator, either member of a
/// private chat, administrators and the host system.
#[utoipa::path(delete, path = "/apps/{id}",
    operation_id = "weavy.apps.delete",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "It is gone for good"),
              (status = 403, description = "A member without the right"),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn delete(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let id = number(&id)?;
    request.delete_conversation(request.conversation_id(id).await?, Reach::Account).await?;
    Ok(StatusCode::NO_CONTENT)
}
