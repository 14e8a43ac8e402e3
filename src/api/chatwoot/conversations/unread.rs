use axum::extract::Path;
use chrono::TimeDelta;
use domain::UserId;
use domain::participation::ChangeCommand;

use crate::chatwoot::objects::Conversation;
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// The conversation counts as last seen this long before its newest incoming message.
const BEFORE: TimeDelta = TimeDelta::seconds(1);

/// Mark a conversation as unread from its newest incoming message on.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/unread",
    operation_id = "chatwoot.conversations.unread",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn unread(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let conversation = request.conversation(&id).await?;
    let as_of = conversation.last_incoming_at.map(|at| at - BEFORE);
    let unread = ChangeCommand::MarkUnreadSince { as_of };
    let roles = [UserId::AGENTS, UserId::ASSIGNEE];
    request.change_roles(&conversation, &roles, &unread).await?;
    request.render_conversation(conversation.uuid).await
}
