use axum::http::StatusCode;
use domain::UserId;
use domain::conversation::{Command, Conversation as Aggregate, Create, NAME_LENGTH_MAX};
use projections::views::Reference;
use serde_json::{Value, json};

use crate::description::{parts, schema};
use crate::edge::commands::MEMBERS_MAX;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::weavy::body::Object;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// Whom to talk with.
    NewConversation = json!({
        "type": "object",
        "required": ["members"],
        "properties": {
            "members": {
                "description": "Ids or, as strings, uids; the caller is a member anyway",
                "type": "array", "minItems": 1, "maxItems": MEMBERS_MAX,
                "items": { "type": ["integer", "string"] },
            },
            "name": parts::text(NAME_LENGTH_MAX),
        },
        "example": { "name": "My chat room", "members": [1, 4, 14] },
    })
}

/// Create a conversation: a room with two or more others, or the one private chat with one other.
#[utoipa::path(post, path = "/conversations",
    operation_id = "weavy.conversations.create",
    request_body = NewConversation,
    responses((status = 201, description = "The conversation, new or the pair's existing one", body = Conversation),
              (status = 400, description = "Members or name cannot be used"),
              (status = 403, description = "Service token")))]
pub(super) async fn create(request: Weavy) -> Result<(StatusCode, Rendered), Failure> {
    let user = request.user()?;
    let body = request.body()?;
    let name = body.text("name")?;
    let others = others(&request, &body, user).await?;
    let outcome = match others[..] {
        [] => return Err(Failure::bad_request("members must name somebody else than the caller")),
        [other] => request.private_chat(user, other, name).await?,
        _ => {
            let create = Command::CreateConversation(Create { name, ..Create::room(user, others) });
            request.execute::<Aggregate>(new_id(), create).await?
        }
    };
    Ok((StatusCode::CREATED, request.render_conversation(outcome.aggregate_id.into()).await?))
}

/// The distinct members but for the caller.
async fn others(request: &Weavy, body: &Object, user: UserId) -> Result<Vec<UserId>, Failure> {
    let wrong = || Failure::bad_request("members must be an array of user ids or uids, not empty");
    let members = body.get("members").and_then(Value::as_array).ok_or_else(wrong)?;
    if members.is_empty() {
        return Err(wrong());
    }
    if members.len() > MEMBERS_MAX {
        return Err(Failure::bad_request(format!("members must be at most {MEMBERS_MAX}")));
    }
    let references = members
        .iter()
        .map(|member| match member {
            Value::Number(id) => id.as_i64().map(|id| Reference::Id(id.into())).ok_or_else(wrong),
            Value::String(uid) => Ok(Reference::Text(uid.clone())),
            _ => Err(wrong()),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let found = request.views().resolve(request.account(), &references).await?;
    let mut others = Vec::new();
    for (member, found) in members.iter().zip(found) {
        let id = found
            .ok_or_else(|| Failure::bad_request(format!("members: there is no user {member}")))?;
        if id != user && !others.contains(&id) {
            others.push(id);
        }
    }
    Ok(others)
}
