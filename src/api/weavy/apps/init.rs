use domain::UserId;
use domain::conversation::Command;
use domain::user::UID_LENGTH_MAX;
use serde_json::{Value, json};

use super::new;
use crate::description::{parts, schema};
use crate::edge::failure::Failure;
use crate::weavy::body::Object;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// A contextual chat, and the user who is to be its member: without `user`, the caller.
    AppAndUser = json!({
        "type": "object",
        "required": ["app"],
        "properties": {
            "app": new::schema(),
            "user": {
                "type": ["object", "null"],
                "required": ["uid"],
                "properties": { "uid": parts::required_text(UID_LENGTH_MAX) },
            },
        },
        "example": { "app": { "uid": "order-7", "type": "chat" }, "user": { "uid": "ann" } },
    })
}

/// Ensure that a contextual chat exists and is not in the trash, and that the user, if there is
/// one, is a member of it. An existing chat keeps its name and all other properties.
#[utoipa::path(post, path = "/apps/init",
    operation_id = "weavy.apps.init",
    request_body = AppAndUser,
    responses((status = 200, description = "The chat", body = Conversation),
              (status = 400, description = "The uid is a number, the user unknown, or a value \
                                            cannot be used"),
              (status = 403, description = "A user who names another one")))]
pub(super) async fn init(request: Weavy) -> Result<Rendered, Failure> {
    let body = request.body()?;
    let app = body.inner("app")?.ok_or_else(|| Failure::bad_request("app must be given"))?;
    let create = new::read(&app, request.caller.user())?;
    let user = named(&request, &body).await?;
    let (account, uid) = (request.account(), create.uid.clone().unwrap_or_default());
    let id = |before| domain::contextual_chat_id(account, &uid, before);
    let let_in = user.map(|user| Command::AddMember { user });
    let commands = [Command::CreateConversation(create)].into_iter().chain(let_in).collect();
    let outcome = request.execute_on_named(id, commands).await?;
    request.render_conversation(outcome.aggregate_id.into()).await
}

/// The user to add; `None` when the host system names none.
async fn named(request: &Weavy, body: &Object) -> Result<Option<UserId>, Failure> {
    let caller = request.caller.user();
    let Some(user) = body.inner("user")? else { return Ok(caller) };
    let uid = user.text("uid")?.ok_or_else(|| Failure::bad_request("user must have a uid"))?;
    if caller.is_some() && uid.as_str() != request.caller.uid {
        return Err(Failure::forbidden("a user may name only themselves"));
    }
    let uid = Value::from(uid.as_str());
    Ok(request.named_users("user", &[uid]).await?.pop())
}
