use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::{Weavy, number};

/// Get a conversation with all its members.
#[utoipa::path(get, path = "/conversations/{id}",
    operation_id = "weavy.conversations.get",
    params(("id" = i64, Path, description = "The conversation"),
           ("trashed" = Option<bool>, Query, description = "Also when it is in the trash")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn get(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let id = number(&id)?;
    let trashed_too = request.query().boolean("trashed", false)?;
    let view = request.view(request.conversation_id(id).await?, trashed_too).await?;
    Ok(Rendered::new(&Conversation::new(&view, request.viewer(), request.presence())))
}
