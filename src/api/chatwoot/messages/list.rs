use axum::extract::Path;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::chatwoot::objects::{self, Agent, Contact, PostedMessage, iso};
use crate::chatwoot::request::Chatwoot;
use crate::description::parts;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// Part of a conversation's messages, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageList<'a> {
    meta: MessageListMeta<'a>,
    payload: Vec<PostedMessage<'a>>,
}

/// Details of the conversation.
#[derive(Debug, Serialize, ToSchema)]
struct MessageListMeta<'a> {
    labels: &'a [String],
    #[schema(value_type = Object)]
    additional_attributes: &'a Map<String, Value>,
    contact: Contact<'a>,
    /// Left out without an assignee.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Agent, required = false)]
    assignee: Option<Agent<'a>>,
    #[schema(format = DateTime)]
    agent_last_seen_at: Option<String>,
    #[schema(format = DateTime)]
    assignee_last_seen_at: Option<String>,
}

/// Bounds of the messages to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct Range {
    /// Only messages older than this one.
    #[param(schema_with = parts::integer)]
    before: Option<i64>,
    /// Only messages newer than this one.
    #[param(schema_with = parts::integer)]
    after: Option<i64>,
}

/// List a conversation's messages: the last 20, 20 before one, up to 100 after one, or up to 1,000
/// between two.
#[utoipa::path(get, path = "/{account_id}/conversations/{id}/messages",
    operation_id = "chatwoot.messages.list",
    params(("account_id" = i64, Path, description = "The caller's account"),
           ("id" = i64, Path, description = "The conversation"),
           Range),
    responses((status = 200, description = "The messages, the oldest first", body = MessageList),
              (status = 403, description = "Of an inbox that is not the caller's")))]
pub(super) async fn list(
    Path((_account, id)): Path<(String, String)>,
    request: Chatwoot,
) -> Result<Rendered, Failure> {
    let conversation = request.conversation(&id).await?;
    let mut query = request.query();
    let (before, after) = (query.number("before"), query.number("after"));
    query.check()?;
    let found = request.views().support_messages(conversation.uuid, before, after).await?;
    let meta = MessageListMeta {
        labels: &conversation.labels,
        additional_attributes: &conversation.additional_attributes,
        contact: objects::contact(&conversation.contact),
        assignee: conversation.assignee.as_deref().map(objects::agent),
        agent_last_seen_at: conversation.agent_last_seen_at.map(iso),
        assignee_last_seen_at: conversation.assignee_last_seen_at.map(iso),
    };
    let place = conversation.place();
    let payload = found.iter().map(|message| objects::posted(message, &place)).collect();
    Ok(Rendered::new(&MessageList { meta, payload }))
}
