//! What a conversation looked like at a moment: folded from the log on demand, never stored.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::{DateTime, SecondsFormat, Utc};
use cqrs_es::Aggregate;
use domain::conversation::{Conversation, Event as ConversationEvent};
use domain::participation::{self, Participation};
use domain::{KNOWN, REDACTED};
use event_store::{ERASED, Log, RecordedEvent};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Error;
use crate::aside::aside;

/// A place in the log, or in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After the event at this position.
    Position(i64),
    /// After the last event recorded at or before this time.
    Time(DateTime<Utc>),
}

/// Not a moment.
#[derive(Debug, thiserror::Error)]
#[error("expected a position or a time such as 2026-01-31T14:03:00Z")]
pub struct UnknownMoment;

impl std::str::FromStr for Moment {
    type Err = UnknownMoment;

    fn from_str(text: &str) -> Result<Self, UnknownMoment> {
        if let Ok(position) = text.parse::<i64>() {
            return if position >= 0 { Ok(Self::Position(position)) } else { Err(UnknownMoment) };
        }
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self::Time(time.with_timezone(&Utc)))
            .map_err(|_| UnknownMoment)
    }
}

impl Moment {
    fn is_before(self, event: &RecordedEvent, account: Option<i64>) -> bool {
        match self {
            Self::Position(position) => place(event, account) > position,
            Self::Time(time) => event.recorded_at > time,
        }
    }
}

/// Where an event stands, as whoever asks counts: an account its own events, which tell nothing of others; and who has no
/// account all of the log's.
fn place(event: &RecordedEvent, account: Option<i64>) -> i64 {
    match account {
        Some(_) => event.account_position,
        None => event.position,
    }
}

/// What one event changed.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// The event's position, within the account if one was asked for.
    pub position: i64,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The event's name.
    pub event_type: String,
    /// The uid of whoever acted.
    pub actor: String,
    /// In which request.
    pub request_id: String,
    /// By which command.
    pub command: String,
    /// The event itself, with `[erased]` in place of what was erased.
    pub event: Value,
    /// What it changed of the conversation, from what to what; the text of older messages is not part of that.
    pub changes: Vec<Change>,
}

/// One value that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where it is in the state, its parts joined by dots.
    pub path: String,
    /// What it was; none when it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; none when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// A conversation as it was: a JSON object, for everyone or as one member saw it. Positions are those within the account, if
/// one is given.
///
/// None when there was no such conversation in the account, or the user was not in it.
///
/// # Errors
/// When the log cannot be read.
pub async fn state(
    log: &Log,
    account: Option<i64>,
    conversation: Uuid,
    at: Moment,
    member: Option<&str>,
) -> Result<Option<Value>, Error> {
    let (log, member) = (log.clone(), member.map(str::to_owned));
    let folding = async move {
        let mut fold = Fold::new(conversation, account);
        let mut events = Events::new(&log, account, conversation, at);
        while let Some(event) = events.next().await? {
            fold.apply(&event);
        }
        fold.finish(&log, account, member.as_deref()).await
    };
    aside(account, folding).await
}

/// How much of what changed is told at once.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Events.
    pub steps_max: usize,
    /// Bytes of JSON; the last event may go beyond.
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

/// What changed between two moments: every event within the bounds, with what it changed. Positions are those within the
/// account, if one is given.
///
/// None when there is no such conversation in the account.
///
/// # Errors
/// When the log cannot be read.
pub async fn diff(
    log: &Log,
    account: Option<i64>,
    conversation: Uuid,
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
                before = fold.shown(&log).await?;
            }
            fold.apply(&event);
            let after = fold.shown(&log).await?;
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
    fn new(event: &RecordedEvent, account: Option<i64>, before: &Value, after: &Value) -> Self {
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
            event: event.shown_or_unreadable(),
            changes,
        }
    }
}

/// The events of a conversation up to a moment, read a page at a time.
struct Events<'a> {
    log: &'a Log,
    account: Option<i64>,
    conversation: Uuid,
    until: Moment,
    page: VecDeque<RecordedEvent>,
    page_size: usize,
    after: i64,
}

/// Events of a page, until it is known how large they are; then as many as fit.
const PAGE_SIZES: [usize; 2] = [10, 1000];
const FIRST_PAGE_SIZE: usize = 100;
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

impl<'a> Events<'a> {
    fn new(log: &'a Log, account: Option<i64>, conversation: Uuid, until: Moment) -> Self {
        let page = VecDeque::new();
        Self { log, account, conversation, until, page, page_size: FIRST_PAGE_SIZE, after: 0 }
    }

    async fn next(&mut self) -> Result<Option<RecordedEvent>, Error> {
        // Folding computes from here to here; whoever does not wait for it any more ends it here.
        tokio::task::yield_now().await;
        if self.page.is_empty() {
            let limit = self.page_size as i64;
            self.page =
                self.log.read_conversation(self.conversation, self.after, limit).await?.into();
            let bytes: usize = self.page.iter().map(|event| event.payload.len()).sum();
            let [least, most] = PAGE_SIZES;
            let fitting = PAGE_BYTES_MAX * self.page.len() / bytes.max(1);
            self.page_size = fitting.clamp(least, most);
        }
        let next = self.page.pop_front();
        let next = next.filter(|event| !self.until.is_before(event, self.account));
        if let Some(event) = &next {
            self.after = event.position;
        }
        Ok(next)
    }
}

/// A message, by where its present text stands in the log.
struct Message {
    id: i64,
    author: Uuid,
    text_at: i64,
}

struct Fold {
    uuid: Uuid,
    account: Option<i64>,
    /// The account that asks, if one does: positions are its own then.
    asking: Option<i64>,
    position: i64,
    recorded_at: Option<DateTime<Utc>>,
    /// What was said of the conversation as a whole, by name.
    said: Map<String, Value>,
    members: BTreeMap<Uuid, i64>,
    own: HashMap<(Uuid, i64), Participation>,
    messages: BTreeMap<Uuid, Message>,
    newest: BTreeMap<i64, Uuid>,
    /// The text that was said last, and where: most often that of the newest message.
    text: Option<(i64, Value)>,
    uids: HashMap<Uuid, String>,
    /// Log positions of events that cannot be read, and so are missing in all of the above.
    unreadable: Vec<i64>,
}

impl Fold {
    fn new(uuid: Uuid, asking: Option<i64>) -> Self {
        Self {
            uuid,
            asking,
            account: None,
            position: 0,
            recorded_at: None,
            said: Map::new(),
            members: BTreeMap::new(),
            own: HashMap::new(),
            messages: BTreeMap::new(),
            newest: BTreeMap::new(),
            text: None,
            uids: HashMap::new(),
            unreadable: Vec::new(),
        }
    }

    fn is_of(&self, account: Option<i64>) -> bool {
        self.account.is_some() && (account.is_none() || account == self.account)
    }

    fn apply(&mut self, event: &RecordedEvent) {
        self.account.get_or_insert(event.account);
        self.position = place(event, self.asking);
        self.recorded_at = Some(event.recorded_at);
        if self.read(event).is_err() {
            self.unreadable.push(self.position);
        }
    }

    fn read(&mut self, event: &RecordedEvent) -> Result<(), event_store::Error> {
        match event.aggregate_type.as_str() {
            Conversation::TYPE => {
                let said: ConversationEvent = event.decode()?;
                if let ConversationEvent::MessagePosted { text, .. }
                | ConversationEvent::MessageEdited { text, .. } = &said
                {
                    self.text = Some((event.position, bare(json!(text))));
                }
                let actor = event.metadata_value("actor").unwrap_or_default();
                self.conversation(said, &actor, event);
            }
            Participation::TYPE => {
                let own: participation::Event = event.decode()?;
                let seat = own.seat;
                self.own.entry((seat.user, seat.membership)).or_default().evolve(&own);
            }
            _ => {}
        }
        Ok(())
    }

    fn conversation(&mut self, said: ConversationEvent, actor: &str, event: &RecordedEvent) {
        let (position, at) = (event.account_position, time(event.recorded_at));
        match said {
            ConversationEvent::ConversationCreated {
                kind,
                members,
                uid,
                name,
                description,
                metadata,
                tags,
                ..
            } => {
                self.members = members.into_iter().map(|user| (user, position)).collect();
                self.set("id", json!(position));
                self.set("kind", json!(kind));
                self.set("uid", json!(uid));
                self.set("name", json!(name));
                self.set("description", json!(description));
                self.set("metadata", json!(metadata));
                self.set("tags", json!(tags));
                self.set("created_at", json!(at));
                self.set("created_by", json!(actor));
                self.set("trashed", json!(false));
            }
            ConversationEvent::ConversationRenamed { name } => self.set("name", json!(name)),
            ConversationEvent::ConversationDescribed { description } => {
                self.set("description", json!(description));
            }
            ConversationEvent::ConversationTagged { tags } => self.set("tags", json!(tags)),
            ConversationEvent::AvatarChanged { avatar_url } => {
                self.set("avatar_url", json!(avatar_url))
            }
            ConversationEvent::MessagePinned { message } => {
                self.set("pinned_message", json!(message))
            }
            ConversationEvent::MessageUnpinned => self.set("pinned_message", Value::Null),
            ConversationEvent::ConversationTrashed => self.set("trashed", json!(true)),
            ConversationEvent::ConversationRestored => self.set("trashed", json!(false)),
            ConversationEvent::ConversationDeleted => {
                self.members.clear();
                self.own.clear();
                self.messages.clear();
                self.newest.clear();
                self.said.retain(|name, _| matches!(name.as_str(), "id" | "kind"));
                self.set("deleted_at", json!(at));
                self.set("deleted_by", json!(actor));
            }
            ConversationEvent::MemberAdded { user } => {
                self.members.insert(user, position);
            }
            ConversationEvent::MemberRemoved { user } => {
                self.members.remove(&user);
            }
            ConversationEvent::MessagePosted { message, author, .. } => {
                self.messages
                    .insert(message, Message { id: position, author, text_at: event.position });
                self.newest.insert(position, message);
            }
            ConversationEvent::MessageEdited { message, .. } => {
                if let Some(message) = self.messages.get_mut(&message) {
                    message.text_at = event.position;
                }
            }
            ConversationEvent::MessageDeleted { message } => {
                if let Some(message) = self.messages.remove(&message) {
                    self.newest.remove(&message.id);
                }
                if self.said.get("pinned_message") == Some(&json!(message)) {
                    self.said.remove("pinned_message");
                }
            }
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        let value = bare(value);
        if value.is_null() {
            self.said.remove(name);
        } else {
            self.said.insert(name.to_owned(), value);
        }
    }

    async fn finish(
        mut self,
        log: &Log,
        account: Option<i64>,
        member: Option<&str>,
    ) -> Result<Option<Value>, Error> {
        let (true, Some(at)) = (self.is_of(account), self.recorded_at) else { return Ok(None) };
        let mut shown = self.shown(log).await?;
        shown["conversation"] = json!(self.uuid);
        shown["position"] = json!(self.position);
        shown["recorded_at"] = json!(time(at));
        let Some(uid) = member else { return Ok(Some(shown)) };
        let members = shown["members"].take();
        let Some(own) = members.get(uid) else { return Ok(None) };
        shown["members"] = json!(members.as_object().map(|all| all.keys().collect::<Vec<_>>()));
        shown["seen_by"] = json!(uid);
        shown["own"] = own.clone();
        Ok(Some(shown))
    }

    /// All of it that can differ from one moment to another.
    async fn shown(&mut self, log: &Log) -> Result<Value, Error> {
        let mut shown = self.said.clone();
        self.learn_uids(log).await?;
        let named = |user: &Uuid| self.uids.get(user).cloned().unwrap_or_else(|| user.to_string());
        let members: Map<String, Value> = self
            .members
            .iter()
            .map(|(user, membership)| (named(user), self.seat(*user, *membership)))
            .collect();
        shown.insert("members".to_owned(), members.into());
        shown.insert("message_count".to_owned(), json!(self.messages.len()));
        if let Some((id, message)) = self.newest.last_key_value() {
            let message = &self.messages[message];
            let text = match &self.text {
                Some((at, text)) if *at == message.text_at => text.clone(),
                _ => text_at(log, message.text_at).await?,
            };
            let last = json!({ "id": id, "author": named(&message.author), "text": text });
            shown.insert("last_message".to_owned(), last);
        }
        if !self.unreadable.is_empty() {
            shown.insert("unreadable_positions".to_owned(), json!(self.unreadable));
        }
        Ok(shown.into())
    }

    fn seat(&self, user: Uuid, membership: i64) -> Value {
        let own = self.own.get(&(user, membership)).cloned().unwrap_or_default();
        let newest_by_others = self
            .newest
            .iter()
            .rev()
            .find(|(_, message)| self.messages[*message].author != user)
            .map_or(0, |(id, _)| *id);
        let mut seat = json!({ "since": membership, "is_unread": own.is_unread(newest_by_others) });
        let Value::Object(own) = json!(own) else { return seat };
        for (name, value) in own {
            if name != "membership" && !value.is_null() {
                seat[name] = value;
            }
        }
        seat
    }

    /// Finds the host system's names of everyone who is named, in the log itself.
    async fn learn_uids(&mut self, log: &Log) -> Result<(), Error> {
        let author =
            self.newest.last_key_value().map(|(_, message)| &self.messages[message].author);
        let unknown: Vec<String> = self
            .members
            .keys()
            .chain(author)
            .filter(|user| !self.uids.contains_key(user))
            .map(Uuid::to_string)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select aggregate_id::uuid, payload ->> 'uid'
             from events
             where aggregate_type = 'user' and aggregate_id = any($1) and sequence = 1",
        )
        .bind(unknown)
        .fetch_all(log.pool())
        .await
        .map_err(Error::database("name users"))?;
        self.uids.extend(rows);
        Ok(())
    }
}

async fn text_at(log: &Log, position: i64) -> Result<Value, Error> {
    let Some(event) = log.read(position - 1, 1).await?.pop() else { return Ok(Value::Null) };
    Ok(event.shown_or_unreadable()["text"].take())
}

/// A private value without its wrapping, as auditors read it.
fn bare(mut value: Value) -> Value {
    match value.as_object_mut() {
        Some(object) if object.contains_key(KNOWN) => object[KNOWN].take(),
        Some(object) if object.contains_key(REDACTED) => ERASED.into(),
        _ => value,
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
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
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
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
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        assert_eq!("17".parse::<Moment>().unwrap(), Moment::Position(17));
        assert!(matches!("2026-01-31T14:03:00+02:00".parse(), Ok(Moment::Time(_))));
        for text in ["-1", "yesterday", ""] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

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
