use axum::extract::Path;
use domain::conversation::Command;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::{Weavy, number};

/// Take a conversation out of the trash, for everyone, unchanged.
#[utoipa::path(post, path = "/apps/{id}/restore",
    operation_id = "weavy.apps.restore",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn restore(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let id = request.conversation_id(number(&id)?).await?;
    request.change_conversation(id, true, vec![Command::RestoreConversation]).await?;
    request.render(id, true).await
}
