use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::conversation::support::Status;
use domain::conversation::{Conversation, Event as ConversationEvent};
use domain::participation::{self, Participation};
use domain::{
    AccountId, ConversationId, Decider, KNOWN, MembershipId, MessageId, Position, PublicId,
    REDACTED, UserId,
};
use event_store::{ERASED, RecordedEvent};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::moment::place;

/// A message, with the position of the event that has its current text.
pub(super) struct Message {
    pub(super) id: PublicId,
    pub(super) author: Option<UserId>,
    pub(super) text_at: Position,
}

/// A conversation, folded event by event.
pub(super) struct Fold {
    pub(super) uuid: ConversationId,
    pub(super) account: Option<AccountId>,
    /// The account that asks, if one does: positions are then account positions.
    pub(super) asking: Option<AccountId>,
    pub(super) position: i64,
    pub(super) recorded_at: Option<DateTime<Utc>>,
    /// The conversation's own fields, by name.
    pub(super) fields: Map<String, Value>,
    pub(super) members: BTreeMap<UserId, MembershipId>,
    /// The agent whom a support conversation is assigned to.
    pub(super) assignee: Option<UserId>,
    pub(super) own: HashMap<(UserId, MembershipId), Participation>,
    pub(super) messages: BTreeMap<MessageId, Message>,
    pub(super) newest: BTreeMap<PublicId, MessageId>,
    /// The text that was posted or edited last, with its position. It is usually the newest
    /// message's, which then need not be read again.
    pub(super) text: Option<(Position, Value)>,
    pub(super) uids: HashMap<UserId, String>,
    /// Positions of events that cannot be read, and so are missing in all of the above.
    pub(super) unreadable: Vec<i64>,
}

impl Fold {
    pub(super) fn new(uuid: ConversationId, asking: Option<AccountId>) -> Self {
        Self {
            uuid,
            asking,
            account: None,
            position: 0,
            recorded_at: None,
            fields: Map::new(),
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
                let change: ConversationEvent = event.decode()?;
                if let ConversationEvent::MessagePosted { text, .. }
                | ConversationEvent::MessageEdited { text, .. } = &change
                {
                    self.text = Some((event.position, bare(json!(text))));
                }
                let actor = event.metadata_value("actor").unwrap_or_default();
                self.conversation(change, &actor, event);
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

    fn conversation(&mut self, change: ConversationEvent, actor: &str, event: &RecordedEvent) {
        use ConversationEvent::*;
        let membership = MembershipId::from(event.account_position);
        let id = PublicId::from(event.account_position);
        match change {
            ConversationCreated { .. } => self.create(change, actor, event),
            ConversationRenamed { name } => self.set("name", name),
            ConversationDescribed { description } => self.set("description", description),
            ConversationTagged { tags } => self.set("tags", tags),
            MetadataChanged { metadata } => self.set("metadata", metadata),
            AvatarChanged { avatar_url } => self.set("avatar_url", avatar_url),
            MessagePinned { message } => self.set("pinned_message", message),
            MessageUnpinned => self.set("pinned_message", Value::Null),
            ConversationTrashed => self.set("trashed", true),
            ConversationRestored => self.set("trashed", false),
            ConversationDeleted => self.delete(actor, event),
            StatusChanged { status } => {
                self.set("status", status);
                self.set("snoozed_until", Value::Null);
            }
            ConversationSnoozed { until } => {
                self.set("status", Status::Snoozed);
                self.set("snoozed_until", until);
            }
            PriorityChanged { priority } => self.set("priority", priority),
            AgentAssigned { agent } => self.assignee = agent,
            TeamAssigned { team } => self.set("team", team),
            LabelsReplaced { labels } => self.set("labels", labels),
            CustomAttributesReplaced { custom_attributes } => {
                self.set("custom_attributes", custom_attributes);
            }
            MemberAdded { user } => {
                self.members.insert(user, membership);
            }
            MemberRemoved { user } => {
                self.members.remove(&user);
            }
            MessagePosted { message, author, .. } => {
                self.messages.insert(message, Message { id, author, text_at: event.position });
                self.newest.insert(id, message);
            }
            MessageEdited { message, .. } => {
                if let Some(message) = self.messages.get_mut(&message) {
                    message.text_at = event.position;
                }
            }
            MessageDeleted { message } => {
                if let Some(message) = self.messages.remove(&message) {
                    self.newest.remove(&message.id);
                }
                if self.fields.get("pinned_message") == Some(&json!(message)) {
                    self.fields.remove("pinned_message");
                }
            }
        }
    }

    fn create(&mut self, created: ConversationEvent, actor: &str, event: &RecordedEvent) {
        let ConversationEvent::ConversationCreated {
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
        } = created
        else {
            return;
        };
        if let Some(opening) = support {
            self.set("inbox", opening.inbox);
            self.set("contact", opening.contact);
            self.set("source_id", source_id);
            self.set("status", opening.status);
            self.set("snoozed_until", opening.snoozed_until);
            self.set("priority", opening.priority);
            self.assignee = opening.assignee;
            self.set("team", opening.team);
            self.set("custom_attributes", custom_attributes);
        }
        let membership = MembershipId::from(event.account_position);
        self.members = members.into_iter().map(|user| (user, membership)).collect();
        self.set("id", PublicId::from(event.account_position));
        self.set("kind", kind);
        self.set("uid", uid);
        self.set("name", name);
        self.set("description", description);
        self.set("metadata", metadata);
        self.set("tags", tags);
        self.set("created_at", time(event.recorded_at));
        self.set("created_by", actor);
        self.set("trashed", false);
    }

    fn delete(&mut self, actor: &str, event: &RecordedEvent) {
        self.members.clear();
        self.assignee = None;
        self.own.clear();
        self.messages.clear();
        self.newest.clear();
        self.fields.retain(|name, _| matches!(name.as_str(), "id" | "kind"));
        self.set("deleted_at", time(event.recorded_at));
        self.set("deleted_by", actor);
    }

    /// What the agents of a support conversation share, and its assignee's marker.
    fn shared(&mut self, user: UserId, change: &participation::Change, at: DateTime<Utc>) {
        use participation::Change;
        let seen = if user == UserId::AGENTS { "agents_seen_at" } else { "assignee_seen_at" };
        match change {
            Change::MarkedRead { as_of, .. } => self.set(seen, time(as_of.unwrap_or(at))),
            Change::MarkedUnread { as_of } => self.set(seen, as_of.map(time)),
            Change::ConversationMuted { until } if user == UserId::AGENTS => {
                self.set("muted", true);
                self.set("muted_until", until.map(time));
            }
            Change::ConversationUnmuted if user == UserId::AGENTS => {
                self.set("muted", Value::Null);
                self.set("muted_until", Value::Null);
            }
            _ => {}
        }
    }

    fn set(&mut self, name: &str, value: impl Serialize) {
        let value = bare(json!(value));
        if value.is_null() {
            self.fields.remove(name);
        } else {
            self.fields.insert(name.to_owned(), value);
        }
    }
}

/// Unwraps a private value for auditors; one that was erased becomes [`ERASED`].
fn bare(mut value: Value) -> Value {
    match value.as_object_mut() {
        Some(object) if object.contains_key(KNOWN) => object[KNOWN].take(),
        Some(object) if object.contains_key(REDACTED) => ERASED.into(),
        _ => value,
    }
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
