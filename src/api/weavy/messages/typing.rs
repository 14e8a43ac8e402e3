use axum::extract::Path;
use axum::http::StatusCode;
use projections::views::Viewer;

use crate::edge::failure::Failure;
use crate::live::Typing;
use crate::weavy::request::{Weavy, number};

/// Tell the other members that the caller is typing. Nothing is stored.
#[utoipa::path(put, path = "/apps/{id}/messages/typing",
    operation_id = "weavy.messages.typing",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 204, description = "Those who listen are told"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, in the trash, or the caller is not in it")))]
pub(super) async fn typing(Path(id): Path<String>, request: Weavy) -> Result<StatusCode, Failure> {
    let user = request.user()?;
    let id = request.conversation_id(number(&id)?).await?;
    let conversation = request.conversation(id, Viewer::User(user)).await?;
    let time = request.context.metadata.occurred_at;
    let typing = Typing::new((user, &request.caller.uid), &conversation, time);
    request.services.live.types(&typing);
    Ok(StatusCode::NO_CONTENT)
}
