use domain::conversation::support::{Priority, Status};
use projections::views::support::{Desk, SupportConversation};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::{
    Agent, Contact, Message, Team, agent, channel_type, contact, iso, message, seconds, team,
};
use crate::description::written;

pub(crate) fn statuses() -> RefOr<Schema> {
    let names: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    written(json!({ "type": "string", "enum": names }))
}

fn priorities() -> RefOr<Schema> {
    let names = Priority::ALL.iter().map(|priority| json!(priority.as_str()));
    let names: Vec<Value> = names.chain([Value::Null]).collect();
    written(json!({ "type": ["string", "null"], "enum": names }))
}

/// The contact, the assignee and the team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meta<'a> {
    sender: Contact<'a>,
    channel: &'static str,
    /// Left out without an assignee.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Agent, required = false)]
    assignee: Option<Agent<'a>>,
    /// Left out without an assignee.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = str, required = false)]
    assignee_type: Option<&'static str>,
    /// Left out without a team.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Team, required = false)]
    team: Option<Team<'a>>,
    hmac_verified: bool,
}

/// A support conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Conversation<'a> {
    meta: Meta<'a>,
    id: i64,
    account_id: i64,
    inbox_id: i64,
    uuid: String,
    #[schema(schema_with = statuses)]
    status: &'static str,
    #[schema(schema_with = priorities)]
    priority: Option<&'static str>,
    /// The newest message only; empty if there is none.
    messages: Vec<Message<'a>>,
    last_non_activity_message: Option<Message<'a>>,
    /// Incoming messages after `agent_last_seen_at`.
    unread_count: i64,
    labels: &'a [String],
    muted: bool,
    can_reply: bool,
    #[schema(value_type = Object)]
    additional_attributes: &'a Map<String, Value>,
    #[schema(value_type = Object)]
    custom_attributes: &'a Map<String, Value>,
    /// Unix seconds, like all integer times; 0 for never.
    agent_last_seen_at: i64,
    assignee_last_seen_at: i64,
    contact_last_seen_at: i64,
    created_at: i64,
    last_activity_at: i64,
    /// Same as `last_activity_at`.
    timestamp: i64,
    first_reply_created_at: i64,
    waiting_since: i64,
    /// Unix seconds with a fraction.
    updated_at: f64,
    #[schema(format = DateTime)]
    snoozed_until: Option<String>,
    #[schema(value_type = Option<i64>)]
    sla_policy_id: (),
}

pub(crate) fn conversation<'a>(of: &'a SupportConversation, desk: &Desk) -> Conversation<'a> {
    const MICROSECONDS: f64 = 1e6;
    let newest = || of.last_message.as_ref().map(|newest| message(newest, of));
    let last_activity_at = seconds(of.last_activity_at);
    Conversation {
        meta: Meta {
            sender: contact(&of.contact),
            channel: channel_type(of.channel),
            assignee: of.assignee.as_deref().map(agent),
            assignee_type: of.assignee.as_ref().map(|_| "User"),
            team: of.team.as_ref().map(|one| team(one, desk)),
            hmac_verified: false,
        },
        id: of.number.get(),
        account_id: of.account.get(),
        inbox_id: of.inbox_number.get(),
        uuid: of.uuid.to_string(),
        status: of.status.as_str(),
        priority: of.priority.map(Priority::as_str),
        messages: newest().into_iter().collect(),
        last_non_activity_message: newest(),
        unread_count: of.unread_count,
        labels: &of.labels,
        muted: of.muted,
        can_reply: true,
        additional_attributes: &of.additional_attributes,
        custom_attributes: &of.custom_attributes,
        agent_last_seen_at: seconds(of.agent_last_seen_at),
        assignee_last_seen_at: seconds(of.assignee_last_seen_at),
        contact_last_seen_at: 0,
        created_at: seconds(of.created_at),
        last_activity_at,
        timestamp: last_activity_at,
        first_reply_created_at: seconds(of.first_reply_created_at),
        waiting_since: seconds(of.waiting_since),
        updated_at: of.updated_at.timestamp_micros() as f64 / MICROSECONDS,
        snoozed_until: of.snoozed_until.map(iso),
        sla_policy_id: (),
    }
}
