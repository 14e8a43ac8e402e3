use axum::extract::Path;
use domain::PublicId;
use domain::participation::ChangeCommand;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

/// Mark a conversation as read, up to a message or whole.
#[utoipa::path(put, path = "/conversations/{id}/mark",
    operation_id = "weavy.conversations.mark",
    params(("id" = i64, Path, description = "The conversation"),
           ("message_id" = Option<i64>, Query,
            description = "Up to this message; without it, the newest")),
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 400, description = "message_id is no positive integer"),
              (status = 403, description = "Service token"),
              (status = 404, description = "Conversation or message unknown")))]
pub(super) async fn mark(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let named = request.query().positive("message_id")?.map(PublicId::new);
    let (membership, newest) = request.membership(&id).await?;
    if let Some(message) = named
        && !request.views().has_message(membership.conversation, message).await?
    {
        return Err(Failure::not_found());
    }
    let message = named.or(newest);
    request.change_and_render(membership, ChangeCommand::MarkRead { message }).await
}
