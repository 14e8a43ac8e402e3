use axum::extract::Path;
use domain::conversation::support::SupportCommand;
use serde_json::{Value, json};

use crate::chatwoot::objects;
use crate::chatwoot::request::OpenToBots;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

schema! {
    /// The new assignee or team. The agent counts if both are given.
    Assignment = json!({
        "type": "object",
        "properties": {
            "assignee_id": {
                "type": ["integer", "string", "null"],
                "description": "An agent or administrator; null, nothing or 0 unassigns",
            },
            "team_id": {
                "type": ["integer", "string", "null"],
                "description": "An assignee outside the team is unassigned; null, nothing or 0 \
                                unassigns the team",
            },
        },
        "example": { "assignee_id": 11 },
    })
}

schema! {
    /// The new assignee or team.
    Assigned = json!({
        "oneOf": [
            { "$ref": "#/components/schemas/Agent" },
            { "$ref": "#/components/schemas/Team" },
            { "type": "null" },
        ],
    })
}

/// Assign a conversation to an agent or a team.
#[utoipa::path(post, path = "/{account_id}/conversations/{id}/assignments",
    operation_id = "chatwoot.conversations.assign",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation")),
    request_body = Assignment,
    responses((status = 200, description = "The agent, the team or, if neither, null",
               body = Assigned),
              (status = 403, description = "Of an inbox that is not the caller's"),
              (status = 404, description = "There is no such conversation, agent or team")))]
pub(super) async fn assign(
    Path((_account, id)): Path<(String, String)>,
    OpenToBots(request): OpenToBots,
) -> Result<Rendered, Failure> {
    let id = request.conversation_id(&id).await?;
    let body = request.body()?;
    let (change, assigned) = match (body.clearable_id("assignee_id"), body.clearable_id("team_id"))
    {
        (Some(None), _) => (Some(SupportCommand::AssignAgent { agent: None }), None),
        (Some(Some(number)), _) => {
            let agent = request.agent_named(number).await?;
            let change = SupportCommand::AssignAgent { agent: Some(agent.uuid) };
            (Some(change), Some(Rendered::new(&objects::agent(&agent))))
        }
        (None, Some(None)) => {
            (Some(SupportCommand::AssignTeam { team: None, members: None }), None)
        }
        (None, Some(Some(number))) => {
            let team = request.team(number).await?;
            let members = Some(team.members.clone());
            let change = SupportCommand::AssignTeam { team: Some(team.uuid), members };
            (Some(change), Some(Rendered::new(&objects::team(&team, &request.desk))))
        }
        (None, None) => (None, None),
    };
    request.change(id, change.into_iter().collect()).await?;
    Ok(assigned.unwrap_or_else(|| Rendered::new(&Value::Null)))
}
