use axum::http::StatusCode;
use domain::conversation::Command;

use super::new;
use crate::description::schema;
use crate::edge::failure::Failure;
use crate::weavy::objects::{Conversation, Rendered};
use crate::weavy::request::Weavy;

schema! {
    /// A contextual chat: one that belongs to an object of the host system.
    NewApp = new::schema()
}

/// Create a contextual chat, with the caller as its first member.
#[utoipa::path(post, path = "/apps",
    operation_id = "weavy.apps.create",
    request_body = NewApp,
    responses((status = 201, description = "The chat", body = Conversation),
              (status = 400, description = "The uid is taken or a number, or a value cannot be \
                                            used")))]
pub(super) async fn create(request: Weavy) -> Result<(StatusCode, Rendered), Failure> {
    let create = new::read(&request.body()?, request.caller.user())?;
    let (account, uid) = (request.account(), create.uid.clone().unwrap_or_default());
    let id = |before| domain::contextual_chat_id(account, &uid, before);
    let commands = vec![Command::CreateNewConversation(create)];
    let outcome = request.execute_on_named(id, commands).await?;
    Ok((StatusCode::CREATED, request.render_conversation(outcome.aggregate_id.into()).await?))
}
