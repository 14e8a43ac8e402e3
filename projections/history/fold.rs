use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::conversation::{Conversation, Event as ConversationEvent};
use domain::participation::{self, Participation};
use domain::{
    AccountId, ConversationId, Decider, KNOWN, MembershipId, MessageId, Position, PublicId,
    REDACTED, UserId,
};
use event_store::{ERASED, Log, RecordedEvent};
use serde_json::{Map, Value, json};

use super::moment::place;
use crate::Error;

/// A message, by where its present text stands in the log.
struct Message {
    id: PublicId,
    author: Option<UserId>,
    text_at: Position,
}

/// A conversation, folded event by event.
pub(super) struct Fold {
    uuid: ConversationId,
    account: Option<AccountId>,
    /// The account that asks, if one does: positions are its own then.
    asking: Option<AccountId>,
    position: i64,
    recorded_at: Option<DateTime<Utc>>,
    /// What was said of the conversation as a whole, by name.
    said: Map<String, Value>,
    members: BTreeMap<UserId, MembershipId>,
    /// Who takes care of a support conversation.
    assignee: Option<UserId>,
    own: HashMap<(UserId, MembershipId), Participation>,
    messages: BTreeMap<MessageId, Message>,
    newest: BTreeMap<PublicId, MessageId>,
    /// The text that was said last, and where: most often that of the newest message.
    text: Option<(Position, Value)>,
    uids: HashMap<UserId, String>,
    /// Log positions of events that cannot be read, and so are missing in all of the above.
    unreadable: Vec<i64>,
}

impl Fold {
    pub(super) fn new(uuid: ConversationId, asking: Option<AccountId>) -> Self {
        Self {
            uuid,
            asking,
            account: None,
            position: 0,
            recorded_at: None,
            said: Map::new(),
            members: BTreeMap::new(),
            assignee: None,
            own: HashMap::new(),
            messages: BTreeMap::new(),
            newest: BTreeMap::new(),
            text: None,
            uids: HashMap::new(),
            unreadable: Vec::new(),
        }
    }

    pub(super) fn is_of(&self, account: Option<AccountId>) -> bool {
        self.account.is_some() && (account.is_none() || account == self.account)
    }

    pub(super) fn apply(&mut self, event: &RecordedEvent) {
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
                let membership = own.membership;
                if membership.user.is_role() {
                    self.shared(membership.user, &own.change, event.recorded_at);
                    return Ok(());
                }
                self.own.entry((membership.user, membership.id)).or_default().evolve(&own);
            }
            _ => {}
        }
        Ok(())
    }

    fn conversation(&mut self, said: ConversationEvent, actor: &str, event: &RecordedEvent) {
        let membership = MembershipId::from(event.account_position);
        let (id, at) = (PublicId::from(event.account_position), time(event.recorded_at));
        match said {
            ConversationEvent::ConversationCreated {
                kind,
                members,
                uid,
                name,
                description,
                metadata,
                tags,
                support,
                source_id,
                custom_attributes,
                ..
            } => {
                if let Some(opening) = support {
                    self.set("inbox", json!(opening.inbox));
                    self.set("contact", json!(opening.contact));
                    self.set("source_id", json!(source_id));
                    self.set("status", json!(opening.status));
                    self.set("snoozed_until", json!(opening.snoozed_until));
                    self.set("priority", json!(opening.priority));
                    self.assignee = opening.assignee;
                    self.set("team", json!(opening.team));
                    self.set("custom_attributes", json!(custom_attributes));
                }
                self.members = members.into_iter().map(|user| (user, membership)).collect();
                self.set("id", json!(id));
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
                self.assignee = None;
                self.own.clear();
                self.messages.clear();
                self.newest.clear();
                self.said.retain(|name, _| matches!(name.as_str(), "id" | "kind"));
                self.set("deleted_at", json!(at));
                self.set("deleted_by", json!(actor));
            }
            ConversationEvent::StatusChanged { status } => {
                self.set("status", json!(status));
                self.set("snoozed_until", Value::Null);
            }
            ConversationEvent::ConversationSnoozed { until } => {
                self.set("status", json!("snoozed"));
                self.set("snoozed_until", json!(until));
            }
            ConversationEvent::PriorityChanged { priority } => {
                self.set("priority", json!(priority));
            }
            ConversationEvent::AgentAssigned { agent } => self.assignee = agent,
            ConversationEvent::TeamAssigned { team } => self.set("team", json!(team)),
            ConversationEvent::LabelsReplaced { labels } => self.set("labels", json!(labels)),
            ConversationEvent::CustomAttributesReplaced { custom_attributes } => {
                self.set("custom_attributes", json!(custom_attributes));
            }
            ConversationEvent::MemberAdded { user } => {
                self.members.insert(user, membership);
            }
            ConversationEvent::MemberRemoved { user } => {
                self.members.remove(&user);
            }
            ConversationEvent::MessagePosted { message, author, .. } => {
                self.messages.insert(message, Message { id, author, text_at: event.position });
                self.newest.insert(id, message);
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

    /// What the agents of a support conversation share, and where its assignee's marker is.
    fn shared(&mut self, user: UserId, change: &participation::Change, at: DateTime<Utc>) {
        use participation::Change;
        let seen = if user == UserId::AGENTS { "agents_seen_at" } else { "assignee_seen_at" };
        match change {
            Change::MarkedRead { as_of, .. } => self.set(seen, json!(time(as_of.unwrap_or(at)))),
            Change::MarkedUnread { as_of } => self.set(seen, json!(as_of.map(time))),
            Change::ConversationMuted { until } if user == UserId::AGENTS => {
                self.set("muted", json!(true));
                self.set("muted_until", json!(until.map(time)));
            }
            Change::ConversationUnmuted if user == UserId::AGENTS => {
                self.set("muted", Value::Null);
                self.set("muted_until", Value::Null);
            }
            _ => {}
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

    pub(super) async fn finish(
        mut self,
        log: &Log,
        account: Option<AccountId>,
        member: Option<&str>,
    ) -> Result<Option<Value>, Error> {
        let (true, Some(at)) = (self.is_of(account), self.recorded_at) else { return Ok(None) };
        let mut shown = self.render(log).await?;
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
    pub(super) async fn render(&mut self, log: &Log) -> Result<Value, Error> {
        let mut shown = self.said.clone();
        self.learn_uids(log).await?;
        let named =
            |user: &UserId| self.uids.get(user).cloned().unwrap_or_else(|| user.to_string());
        let members: Map<String, Value> = self
            .members
            .iter()
            .map(|(user, membership)| (named(user), self.member(*user, *membership)))
            .collect();
        if let Some(assignee) = &self.assignee {
            shown.insert("assignee".to_owned(), named(assignee).into());
        }
        shown.insert("members".to_owned(), members.into());
        shown.insert("message_count".to_owned(), json!(self.messages.len()));
        if let Some((id, message)) = self.newest.last_key_value() {
            let message = &self.messages[message];
            let text = match &self.text {
                Some((at, text)) if *at == message.text_at => text.clone(),
                _ => text_at(log, message.text_at).await?,
            };
            let mut last = json!({ "id": id, "text": text });
            if let Some(author) = &message.author {
                last["author"] = named(author).into();
            }
            shown.insert("last_message".to_owned(), last);
        }
        if !self.unreadable.is_empty() {
            shown.insert("unreadable_positions".to_owned(), json!(self.unreadable));
        }
        Ok(shown.into())
    }

    fn member(&self, user: UserId, membership: MembershipId) -> Value {
        let own = self.own.get(&(user, membership)).cloned().unwrap_or_default();
        let newest_by_others = self
            .newest
            .iter()
            .rev()
            .find(|(_, message)| self.messages[*message].author != Some(user))
            .map(|(id, _)| *id);
        let mut member =
            json!({ "since": membership, "is_unread": own.is_unread(newest_by_others) });
        let Value::Object(own) = json!(own) else { return member };
        for (name, value) in own {
            if name != "membership" && !value.is_null() {
                member[name] = value;
            }
        }
        member
    }

    /// Finds the host system's names of everyone who is named, in the log itself.
    async fn learn_uids(&mut self, log: &Log) -> Result<(), Error> {
        let author = self
            .newest
            .last_key_value()
            .and_then(|(_, message)| self.messages[message].author.as_ref());
        let unknown: Vec<String> = self
            .members
            .keys()
            .chain(author)
            .chain(&self.assignee)
            .filter(|user| !self.uids.contains_key(user))
            .map(UserId::to_string)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rows: Vec<(UserId, String)> = sqlx::query_as(
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

async fn text_at(log: &Log, position: Position) -> Result<Value, Error> {
    let Some(event) = log.read(position - 1, 1).await?.pop() else { return Ok(Value::Null) };
    Ok(event.reveal_as_value()["text"].take())
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
