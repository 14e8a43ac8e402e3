use axum::extract::Path;
use domain::participation::ChangeCommand;

use super::object::{Conversation, Rendered};
use super::request::Weavy;
use crate::edge::failure::Failure;

/// Mark a conversation as read, up to a message or whole.
#[utoipa::path(put, path = "/conversations/{id}/mark",
    operation_id = "weavy.conversations.mark",
    params(("id" = i64, Path, description = "The conversation"),
           ("message_id" = Option<i64>, Query, description = "Up to this message; without it, the newest")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 400, description = "message_id is no positive integer"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Conversation or message unknown")))]
pub(super) async fn mark(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let asked = request.query().positive("message_id")?;
    let (state, newest) = request.member_state(&id).await?;
    if let Some(message) = asked
        && !request.views().has_message(state.conversation, message).await?
    {
        return Err(Failure::not_found());
    }
    let message = asked.or(newest);
    request.change_and_show(state, ChangeCommand::MarkRead { message }).await
}

/// Mark a conversation as unread, until it is marked as read.
#[utoipa::path(delete, path = "/conversations/{id}/mark",
    operation_id = "weavy.conversations.unmark",
    params(("id" = i64, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Service token"),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn unmark(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let (state, _) = request.member_state(&id).await?;
    request.change_and_show(state, ChangeCommand::MarkUnread).await
}
