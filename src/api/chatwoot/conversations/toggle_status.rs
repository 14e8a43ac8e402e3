use axum::extract::Path;
use domain::conversation::support::{Status, SupportCommand};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::chatwoot::body::Body;
use crate::chatwoot::objects::{iso, statuses};
use crate::chatwoot::request::{Chatwoot, OpenToBots};
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The new status. Without one, an open conversation is resolved and any other is opened.
    StatusChange = {
        let statuses = Status::ALL.iter().map(|status| json!(status.as_str()));
        let statuses: Vec<Value> = statuses.chain([json!(""), Value::Null]).collect();
        json!({
            "type": "object",
            "properties": {
                "status": { "type": ["string", "null"], "enum": statuses },
                "snoozed_until": parts::time("; without it until the contact writes"),
            },
            "example": { "status": "snoozed", "snoozed_until": 4_000_000_000_i64 },
        })
    }
}

/// The result of the change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToggledStatus {
    /// Always empty.
    #[schema(value_type = Object)]
    meta: Map<String, Value>,
    payload: StatusNow,
}

/// The conversation's new status.
#[derive(Debug, Serialize, ToSchema)]
struct StatusNow {
    success: bool,
    conversation_id: i64,
    #[schema(schema_with = statuses)]
    current_status: &'static str,
    #[schema(format = DateTime)]
    snoozed_until: Option<String>,
}

/// The command that sets a status. An agent who opens a conversation becomes its assignee; setting
/// the present status changes nothing.
pub(super) fn status_change(
    request: &Chatwoot,
    body: &Body,
    status: Status,
) -> Result<SupportCommand, Failure> {
    let change = SupportCommand::ChangeStatus { status, agent: request.agent() };
    Ok(match status {
        Status::Snoozed => match body.time("snoozed_until")? {
            None => change,
            until => SupportCommand::Snooze { until },
        },
        Status::Open | Status::Resolved | Status::Pending => change,
    })
}

/// Open, resolve or snooze a conversation, or mark it as pending.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/toggle_status",
    operation_id = "chatwoot.conversations.toggle_status",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = StatusChange,
    responses((status = 200, description = "The status", body = ToggledStatus),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn toggle_status(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<Rendered, Failure> {
    let id = request.conversation_id(&id).await?;
    let body = request.body()?;
    let change = match body.one_of("status", Status::ALL, Status::as_str)? {
        None => SupportCommand::ToggleStatus { agent: request.agent() },
        Some(status) => status_change(&request, &body, status)?,
    };
    request.change(id, vec![change]).await?;
    let now = request.conversation_of(id).await?;
    let payload = StatusNow {
        success: true,
        conversation_id: now.number.get(),
        current_status: now.status.as_str(),
        snoozed_until: now.snoozed_until.map(iso),
    };
    Ok(Rendered::new(&ToggledStatus { meta: Map::new(), payload }))
}
