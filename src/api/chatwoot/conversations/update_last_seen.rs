use axum::extract::Path;
use domain::UserId;
use domain::participation::{ChangeCommand, Reading};

use crate::chatwoot::objects::Conversation;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Mark a conversation as seen by the agents, and by its assignee if that is the caller.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/update_last_seen",
    operation_id = "chatwoot.conversations.update_last_seen",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn update_last_seen(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let conversation = request.conversation(&id).await?;
    let newest = conversation.last_message.as_ref().map(|newest| newest.id);
    let seen = ChangeCommand::OpenConversation { reading: Reading::Whole(newest), as_of: None };
    let assignee = conversation.assignee.as_ref().map(|assignee| assignee.uuid);
    let is_assignee = assignee.is_some() && assignee == request.caller.user();
    let roles = [UserId::AGENTS, UserId::ASSIGNEE];
    let roles = if is_assignee { &roles[..] } else { &roles[..1] };
    request.change_roles(&conversation, roles, &seen).await?;
    request.render_conversation(conversation.uuid).await
}
