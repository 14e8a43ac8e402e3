use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{AccountId, ConversationId};
use event_store::{Log, RecordedEvent};
use serde::Serialize;
use serde_json::{Map, Value};

use super::events::Events;
use super::fold::Fold;
use super::moment::{Moment, place};
use crate::Error;
use crate::aside::aside;

/// What one event changed.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The event's position: within the account if one was given, else in the log.
    pub position: i64,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The event's name.
    pub event_type: String,
    /// The uid of the user who acted.
    pub actor: String,
    pub request_id: String,
    pub command: String,
    /// The event itself, with `[erased]` in place of what was erased.
    pub event: Value,
    /// What it changed in the conversation's state, with old and new values. Of messages, that
    /// state has only the newest one's text.
    pub changes: Vec<Change>,
}

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Path of the value in the state, joined by dots.
    pub path: String,
    /// The old value; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The new value; `None` if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Limits on what is returned at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Events.
    pub steps_max: usize,
    /// Bytes of JSON; the last event may exceed them.
    pub bytes_max: usize,
}

/// What changed, event by event.
#[derive(Debug)]
pub struct Steps {
    /// In the log's order.
    pub steps: Vec<Step>,
    /// Whether there are further ones.
    pub more: bool,
}

/// The changes between two moments: every event within the bounds, with its changes. Positions
/// are those within the account, if one is given.
///
/// None when there is no such conversation in the account.
///
/// # Errors
/// When the log cannot be read.
pub async fn diff(
    log: &Log,
    account: Option<AccountId>,
    conversation: ConversationId,
    (from, to): (Moment, Moment),
    bounds: Bounds,
) -> Result<Option<Steps>, Error> {
    let log = log.clone();
    let folding = async move {
        let mut fold = Fold::new(conversation, account);
        let (mut steps, mut bytes, mut more) = (Vec::new(), 0, false);
        let mut before = Value::Object(Map::new());
        let mut events = Events::new(&log, account, conversation, to);
        while let Some(event) = events.next().await? {
            if !from.is_before(&event, account) {
                fold.apply(&event);
                continue;
            }
            if steps.len() == bounds.steps_max || bytes > bounds.bytes_max {
                more = true;
                break;
            }
            if steps.is_empty() {
                before = fold.render(&log).await?;
            }
            fold.apply(&event);
            let after = fold.render(&log).await?;
            let step = Step::new(&event, account, &before, &after);
            bytes += serde_json::to_vec(&step).map_or(0, |json| json.len());
            steps.push(step);
            before = after;
        }
        Ok(fold.is_of(account).then_some(Steps { steps, more }))
    };
    aside(account, folding).await
}

impl Step {
    fn new(
        event: &RecordedEvent,
        account: Option<AccountId>,
        before: &Value,
        after: &Value,
    ) -> Self {
        let value = |key| event.metadata_value(key).unwrap_or_default();
        let mut changes = Vec::new();
        differences(&mut String::new(), Some(before), Some(after), &mut changes);
        Self {
            position: place(event, account),
            recorded_at: event.recorded_at,
            event_type: event.event_type.clone(),
            actor: value("actor"),
            request_id: value("request_id"),
            command: value("command"),
            event: event.reveal_as_value(),
            changes,
        }
    }
}

fn differences(
    path: &mut String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    let (Some(Value::Object(old)), Some(Value::Object(new))) = (before, after) else {
        return changes.push(Change {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        });
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(name);
        differences(path, old.get(name), new.get(name), changes);
        path.truncate(length);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_a_change() {
        let before = json!({"name": "a", "members": {"ann": {"pinned": false}, "bob": {}}});
        let after = json!({"name": "a", "members": {"ann": {"pinned": true}}, "tags": []});
        let mut changes = Vec::new();
        differences(&mut String::new(), Some(&before), Some(&after), &mut changes);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["members.ann.pinned", "members.bob", "tags"]);
    }
}
