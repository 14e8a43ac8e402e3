use axum::Json;
use axum::extract::Path;
use domain::participation::{ChangeCommand, Reading};
use serde_json::json;

use crate::description::schema;
use crate::edge::failure::Failure;
use crate::protocol::id;
use crate::protocol::objects::Conversation;
use crate::protocol::request::Protocol;

schema! {
    /// The message up to which the conversation is read.
    ReadMarker = json!({
        "type": "object",
        "properties": {
            "message_id": {
                "type": ["string", "null"],
                "description": "Up to this message; without it, the newest",
            },
        },
    })
}

/// Mark a conversation as read, up to a message or whole, and as opened now.
#[utoipa::path(post, path = "/conversations/{id}/read",
    operation_id = "protocol.conversations.read",
    params(("id" = String, Path, description = "The conversation")),
    request_body = Option<ReadMarker>,
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 404, description = "Conversation or message unknown")))]
pub(super) async fn read(
    Path(id): Path<String>,
    request: Protocol,
) -> Result<Json<Conversation>, Failure> {
    let fields = request.fields().await?;
    let entry = request.entry(&id).await?;
    if request.replay().await?.is_some() {
        return request.render_conversation(entry.state.conversation).await;
    }
    let reading = match fields.id("message_id")?.flatten() {
        None => Reading::Whole(entry.conversation.newest_id()),
        Some(text) => {
            let message = id::decode(&text).ok_or_else(Failure::not_found)?;
            let conversation = entry.state.conversation;
            let number = request.views().message_number(conversation, message).await?;
            Reading::UpTo(number.ok_or_else(Failure::not_found)?)
        }
    };
    request
        .change_and_render(&entry, ChangeCommand::OpenConversation { reading, as_of: None })
        .await
}
