use chrono::{DateTime, Utc};
use domain::conversation::Event;
use domain::{AccountId, AccountPosition, ConversationId, MessageId, PublicId, UserId};
use event_store::RecordedEvent;
use serde::Serialize;
use serde_json::{Map, Value};
use std::ops::Not;

use super::{Changes, reveal};

/// A conversation that the batch created, as it was created.
#[derive(Debug, Serialize)]
pub(crate) struct Created<'a> {
    uuid: ConversationId,
    account_id: AccountId,
    number: PublicId,
    revision: AccountPosition,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    member_count: usize,
}

/// The net change to a conversation within a batch; what is `None` or false did not change.
#[derive(Debug, Serialize)]
pub(crate) struct ConversationChanges<'a> {
    uuid: ConversationId,
    /// The account position of the newest event.
    revision: AccountPosition,
    #[serde(skip_serializing_if = "Not::not")]
    renamed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a String>,
    #[serde(skip_serializing_if = "Not::not")]
    described: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Not::not")]
    metadata_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Not::not")]
    avatar_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a String>,
    #[serde(skip_serializing_if = "Not::not")]
    pin_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_message: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trashed: Option<bool>,
    /// The time of the newest change of its name, description, tags, picture or members.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<UserId>,
    /// The time of the newest change of its messages, name or members.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<DateTime<Utc>>,
    /// Members added less members removed.
    member_delta: i64,
    /// The largest value of `member_delta` within the batch.
    member_delta_max: i64,
    #[serde(flatten)]
    newest: Newest,
    /// A message was deleted, so the newest one has to be looked up again.
    #[serde(skip_serializing_if = "Not::not")]
    message_deleted: bool,
}

/// The newest message with its author, and the newest message of any other author. These two give
/// the newest message by another user for every member, without a row per member.
#[derive(Debug, Default, Serialize)]
struct Newest {
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_id: Option<PublicId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_author: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_by_other: Option<PublicId>,
}

impl Newest {
    fn post(&mut self, id: PublicId, author: UserId) {
        if self.newest_author.is_some_and(|newest| newest != author) {
            self.newest_by_other = self.newest_id;
        }
        (self.newest_id, self.newest_author) = (Some(id), Some(author));
    }
}

impl<'a> Changes<'a> {
    pub(super) fn conversation(&mut self, recorded: &'a RecordedEvent, event: &'a Event) {
        let uuid = ConversationId::new(recorded.aggregate_id);
        match event {
            Event::ConversationCreated { .. } => {
                self.created.extend(created(recorded, event).map(|created| (uuid, created)));
            }
            Event::ConversationDeleted => {
                self.created.remove(&uuid);
                self.conversations.remove(&uuid);
            }
            event if is_of_support(event) => {}
            _ => {
                let changes = self.conversations.entry(uuid);
                changes.or_insert_with(|| ConversationChanges::none(uuid)).add(recorded, event);
            }
        }
    }
}

/// What only support conversations have; their own read model holds it.
pub(super) fn is_of_support(event: &Event) -> bool {
    match event {
        Event::MessagePosted { support, .. } => support.is_some(),
        Event::StatusChanged { .. }
        | Event::ConversationSnoozed { .. }
        | Event::PriorityChanged { .. }
        | Event::AgentAssigned { .. }
        | Event::TeamAssigned { .. }
        | Event::LabelsReplaced { .. }
        | Event::CustomAttributesReplaced { .. } => true,
        _ => false,
    }
}

fn created<'a>(recorded: &RecordedEvent, event: &'a Event) -> Option<Created<'a>> {
    let Event::ConversationCreated {
        kind,
        creator,
        members,
        uid,
        name,
        description,
        metadata,
        tags,
        ..
    } = event
    else {
        return None;
    };
    Some(Created {
        uuid: recorded.aggregate_id.into(),
        account_id: recorded.account,
        number: recorded.account_position.into(),
        revision: recorded.account_position,
        kind: kind.as_str(),
        uid: uid.as_deref(),
        name: reveal(name),
        description: reveal(description),
        metadata: reveal(metadata),
        tags: tags.as_slice(),
        created_by: *creator,
        created_at: recorded.recorded_at,
        member_count: members.len(),
    })
}

impl<'a> ConversationChanges<'a> {
    fn none(uuid: ConversationId) -> Self {
        Self {
            uuid,
            revision: AccountPosition::START,
            renamed: false,
            name: None,
            described: false,
            description: None,
            tags: None,
            metadata_changed: false,
            metadata: None,
            avatar_changed: false,
            avatar_url: None,
            pin_changed: false,
            pinned_message: None,
            trashed: None,
            modified_at: None,
            modified_by: None,
            changed_at: None,
            member_delta: 0,
            member_delta_max: 0,
            newest: Newest::default(),
            message_deleted: false,
        }
    }

    fn add(&mut self, recorded: &RecordedEvent, event: &'a Event) {
        self.revision = recorded.account_position;
        match event {
            Event::ConversationRenamed { name } => {
                (self.renamed, self.name) = (true, reveal(name));
            }
            Event::ConversationDescribed { description } => {
                (self.described, self.description) = (true, reveal(description));
            }
            Event::ConversationTagged { tags } => self.tags = Some(tags.as_slice()),
            Event::MetadataChanged { metadata } => {
                (self.metadata_changed, self.metadata) = (true, reveal(metadata));
            }
            Event::AvatarChanged { avatar_url } => {
                (self.avatar_changed, self.avatar_url) = (true, reveal(avatar_url));
            }
            Event::MemberAdded { .. } => self.members_change(1),
            Event::MemberRemoved { .. } => self.members_change(-1),
            Event::ConversationTrashed => self.trashed = Some(true),
            Event::ConversationRestored => self.trashed = Some(false),
            Event::MessagePinned { message } => {
                (self.pin_changed, self.pinned_message) = (true, Some(*message));
            }
            Event::MessageUnpinned => (self.pin_changed, self.pinned_message) = (true, None),
            Event::MessagePosted { author: Some(author), .. } => {
                self.newest.post(recorded.account_position.into(), *author);
            }
            Event::MessageDeleted { message } => {
                self.message_deleted = true;
                if self.pinned_message == Some(*message) {
                    self.pinned_message = None;
                }
            }
            _ => {}
        }
        self.date(recorded, event);
    }

    fn members_change(&mut self, delta: i64) {
        self.member_delta += delta;
        self.member_delta_max = self.member_delta_max.max(self.member_delta);
    }

    fn date(&mut self, recorded: &RecordedEvent, event: &Event) {
        let (is_change, is_modification) = match event {
            Event::ConversationRenamed { .. }
            | Event::MemberAdded { .. }
            | Event::MemberRemoved { .. } => (true, true),
            Event::MessagePosted { .. }
            | Event::MessageEdited { .. }
            | Event::MessageDeleted { .. } => (true, false),
            Event::ConversationDescribed { .. }
            | Event::ConversationTagged { .. }
            | Event::AvatarChanged { .. } => (false, true),
            _ => (false, false),
        };
        if is_change {
            self.changed_at = Some(recorded.recorded_at);
        }
        if is_modification {
            let actor = recorded.metadata_value("actor");
            self.modified_at = Some(recorded.recorded_at);
            self.modified_by = actor.map(|uid| domain::user_id(recorded.account, &uid));
        }
    }
}
