use axum::extract::Path;
use domain::conversation::Command;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::{Weavy, number};

/// Put a conversation into the trash, for everyone. It is hidden from all lists and counts until it
/// is restored.
#[utoipa::path(post, path = "/apps/{id}/trash",
    operation_id = "weavy.apps.trash",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn trash(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let id = request.conversation_id(number(&id)?).await?;
    request.change_conversation(id, true, vec![Command::TrashConversation]).await?;
    request.render(id, true).await
}
