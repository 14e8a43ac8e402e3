use axum::extract::Path;
use axum::http::StatusCode;
use domain::UserId;
use domain::participation::ChangeCommand;

use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;

/// Unmute a conversation; it stays resolved.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/unmute",
    operation_id = "chatwoot.conversations.unmute",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "It is not muted"),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn unmute(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<StatusCode, Failure> {
    let conversation = request.conversation(&id).await?;
    let unmute = ChangeCommand::UnmuteConversation;
    request.change_roles(&conversation, &[UserId::AGENTS], &unmute).await?;
    Ok(StatusCode::OK)
}
