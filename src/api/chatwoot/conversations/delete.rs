use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::{Command, Conversation as Aggregate};

use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;

/// Erase a conversation with its messages, for administrators and service tokens.
#[utoipa::path(delete, path = "/{account_id}/conversations/{id}",
    operation_id = "chatwoot.conversations.delete",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "It is gone for good"),
              (status = 403, description = "Neither an administrator nor a service token")))]
pub(super) async fn delete(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<StatusCode, Failure> {
    request.administer()?;
    if request.replay().await?.is_none() {
        let id = request.conversation_id(&id).await?;
        request.execute::<Aggregate>(id, Command::DeleteConversation).await?;
    }
    Ok(StatusCode::OK)
}
