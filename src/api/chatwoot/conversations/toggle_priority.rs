use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::support::{Priority, SupportCommand};
use serde_json::json;

use crate::chatwoot::request::OpenToBots;
use crate::description::schema;
use crate::edge::failure::Failure;

schema! {
    /// The new priority of a conversation.
    PriorityChange = json!({
        "type": "object",
        "properties": {
            "priority": {
                "type": ["string", "null"],
                "description": "low, medium, high or urgent; anything that is none takes it away",
            },
        },
        "example": { "priority": "high" },
    })
}

/// Set or clear the priority of a conversation.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/toggle_priority",
    operation_id = "chatwoot.conversations.toggle_priority",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = PriorityChange,
    responses((status = 200, description = "The priority is set"),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn toggle_priority(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<StatusCode, Failure> {
    let id = request.conversation_id(&id).await?;
    let priority = request.body()?.one_of("priority", Priority::ALL, Priority::as_str)?;
    request.change(id, vec![SupportCommand::SetPriority { priority }]).await?;
    Ok(StatusCode::OK)
}
