//! Events in the format of Server-Sent Events, as defined by the HTML standard.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{AccountPosition, ConversationId, PublicId, UserId};
use event_store::{Facts, LogEvent};
use serde::Serialize;

use super::USERS_MAX;
use super::queue::{Item, LiveEvent};

#[derive(Serialize)]
struct Head<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_number: Option<PublicId>,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// The users that the payload names, with their uids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    users: BTreeMap<UserId, &'a str>,
}

/// Renders an event of the log, with the facts that were looked up for it.
pub(super) fn event(event: &Arc<LogEvent>, facts: &Facts) -> Item {
    let LogEvent { recorded, event: decoded, .. } = &**event;
    let named = decoded.as_ref().map(domain::Event::users).unwrap_or_default();
    let uid = |user: UserId| Some((user, facts.uid(user)?));
    let head = Head {
        r#type: &recorded.event_type,
        conversation: recorded.conversation_id,
        conversation_number: recorded.conversation_id.and_then(|id| facts.number(id)),
        time: time(recorded.recorded_at),
        actor: recorded.metadata_value("actor"),
        users: named.into_iter().take(USERS_MAX).filter_map(uid).collect(),
    };
    let head: Arc<str> = json(&head).into();
    let subject = decoded.as_ref().ok().and_then(domain::Event::subject);
    let conversation = recorded.conversation_id;
    let position = recorded.account_position;
    let bytes = message(position, &head, &recorded.reveal_in_part());
    Item {
        bytes,
        event: Some(LiveEvent { position, conversation, subject, event: event.clone(), head }),
    }
}

/// The same event without the user-written text that was erased.
pub(super) fn erased(told: &LiveEvent) -> Bytes {
    message(told.position, &told.head, &told.event.recorded.erased().reveal_in_part())
}

fn message(position: AccountPosition, head: &str, payload: &str) -> Bytes {
    let head = head.strip_suffix('}').unwrap_or(head);
    // Between JSON tokens a line break is plain white space; in an event stream it would end the
    // field.
    let payload = payload.replace(['\n', '\r'], " ");
    format!("id: {position}\ndata: {head},\"payload\":{payload}}}\n\n").into()
}

/// An item that is not in the log and so has no position.
pub(super) fn ephemeral(data: &impl Serialize) -> Item {
    Item { bytes: format!("data: {}\n\n", json(data)).into(), event: None }
}

/// An item without data that moves the client's position.
pub(crate) fn position(position: AccountPosition) -> Bytes {
    format!("id: {position}\n\n").into()
}

/// A comment line, so that no proxy takes an idle stream for dead.
pub(crate) fn keep_alive() -> Bytes {
    Bytes::from_static(b":\n\n")
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("its maps have strings for keys")
}
