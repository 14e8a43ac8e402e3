use axum::extract::Path;
use domain::conversation::support::{Priority, Status, SupportCommand};
use serde_json::json;

use super::toggle_status::status_change;
use crate::chatwoot::body::Body;
use crate::chatwoot::objects::Conversation;
use crate::chatwoot::request::{Chatwoot, OpenToBots};
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The changes; fields left out stay.
    ConversationChange = {
        let statuses: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
        json!({
            "type": "object",
            "properties": {
                "priority": {
                    "type": ["string", "null"],
                    "description": "low, medium, high or urgent; null takes it away",
                },
                "status": { "type": "string", "enum": statuses },
                "snoozed_until": parts::time(""),
                "assignee_id": {
                    "type": ["integer", "string", "null"],
                    "description": "An agent or administrator; null unassigns",
                },
                "team_id": {
                    "type": ["integer", "string", "null"],
                    "description": "Given alone, an assignee outside the team is unassigned",
                },
            },
            "example": { "priority": "high", "status": "open" },
        })
    }
}

/// Change a conversation. If any of the changes is refused, none is made.
#[utoipa::path(method(put, patch), path = "/{account_id}/conversations/{id}",
    operation_id = "chatwoot.conversations",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = ConversationChange,
    responses((status = 200, description = "The conversation", body = Conversation),
              (status = 403, description = "Of an inbox that is not the caller's"),
              (status = 404, description = "There is no such conversation, agent or team")))]
pub(super) async fn update(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<Rendered, Failure> {
    let id = request.conversation_id(&id).await?;
    let body = request.body()?;
    let changes = changes(&request, &body).await?;
    request.change(id, changes).await?;
    request.render_conversation(id).await
}

async fn changes(request: &Chatwoot, body: &Body) -> Result<Vec<SupportCommand>, Failure> {
    let mut changes = Vec::new();
    let (priority, status) = Failure::both(
        body.one_of("priority", Priority::ALL, Priority::as_str),
        body.one_of("status", Status::ALL, Status::as_str),
    )?;
    if body.names("priority") {
        changes.push(SupportCommand::SetPriority { priority });
    }
    let assignee = body.clearable_id("assignee_id");
    match body.clearable_id("team_id") {
        None => {}
        Some(None) => changes.push(SupportCommand::AssignTeam { team: None, members: None }),
        Some(Some(number)) => {
            let team = request.team(number).await?;
            // With an agent given too, both are set, whether or not the agent is in the team.
            let members = assignee.is_none().then_some(team.members);
            changes.push(SupportCommand::AssignTeam { team: Some(team.uuid), members });
        }
    }
    // Behind the team: whoever opens it becomes the assignee, also outside the team.
    if let Some(status) = status {
        changes.push(status_change(request, body, status)?);
    }
    match assignee {
        None => {}
        Some(None) => changes.push(SupportCommand::AssignAgent { agent: None }),
        Some(Some(number)) => {
            let agent = Some(request.agent_named(number).await?.uuid);
            changes.push(SupportCommand::AssignAgent { agent });
        }
    }
    Ok(changes)
}
