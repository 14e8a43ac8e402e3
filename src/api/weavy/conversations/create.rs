use axum::http::StatusCode;
use domain::UserId;
use domain::conversation::{Command, Conversation as Aggregate, Create, NAME_LENGTH_MAX};
use serde_json::{Value, json};

use crate::description::{parts, schema};
use crate::edge::commands::MEMBERS_MAX;
use crate::edge::failure::Failure;
use crate::edge::request::new_id;
use crate::weavy::body::Object;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// The members of a new conversation.
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
    responses((status = 201, description = "The conversation, new or the pair's existing one",
               body = Conversation),
              (status = 400, description = "Members or name cannot be used"),
              (status = 403, description = "Service token")))]
pub(super) async fn create(request: Weavy) -> Result<(StatusCode, Rendered), Failure> {
    let user = request.user()?;
    let body = request.body()?;
    let name = body.text("name")?;
    let others = others(&request, &body, user).await?;
    let outcome = match others[..] {
        [] => return Err(Failure::bad_request("members must name another user than the caller")),
        [other] => request.private_chat(user, other, name).await?,
        _ => {
            let create = Command::CreateConversation(Create { name, ..Create::room(user, others) });
            request.execute::<Aggregate>(new_id(), create).await?
        }
    };
    Ok((StatusCode::CREATED, request.render_conversation(outcome.aggregate_id.into()).await?))
}

/// The distinct members without the caller.
async fn others(request: &Weavy, body: &Object, user: UserId) -> Result<Vec<UserId>, Failure> {
    let wrong = || Failure::bad_request("members must be an array of user ids or uids, not empty");
    let members = body.get("members").and_then(Value::as_array).filter(|named| !named.is_empty());
    let mut others = request.named_users("members", members.ok_or_else(wrong)?).await?;
    others.retain(|other| *other != user);
    Ok(others)
}
