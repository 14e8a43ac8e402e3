use axum::extract::Path;
use axum::http::StatusCode;
use domain::UserId;
use domain::conversation::support::{Status, SupportCommand};
use domain::conversation::{Command, Conversation as Aggregate};
use domain::participation::{ChangeCommand, Participation};
use event_store::Together;
use serde_json::json;

use crate::chatwoot::request::{Chatwoot, role_change};
use crate::description::{parts, schema};
use crate::edge::failure::Failure;

schema! {
    /// How long to mute the conversation.
    Mute = json!({
        "type": "object",
        "properties": {
            "until": parts::time("; without it for good"),
        },
        "example": { "until": 4_000_000_000_i64 },
    })
}

/// Mute a conversation, and resolve it: messages of the contact do not reopen it.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/mute",
    operation_id = "chatwoot.conversations.mute",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = Mute,
    responses((status = 200, description = "It is muted"),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn mute(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<StatusCode, Failure> {
    let conversation = request.conversation(&id).await?;
    let until = request.body()?.time("until")?;
    let resolve = SupportCommand::ChangeStatus { status: Status::Resolved, agent: None };
    let mute = ChangeCommand::MuteConversation { until };
    let (shared, mute) = role_change(&conversation, UserId::AGENTS, mute);
    let both = Together::of::<Aggregate>(conversation.uuid, vec![Command::Support(resolve)])
        .and::<Participation>(shared, vec![mute]);
    request.execute_together(both).await?;
    Ok(StatusCode::OK)
}
