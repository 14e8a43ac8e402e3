use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use domain::conversation::{Event, Kind};
use domain::{AccountId, AccountPosition, ConversationId, MessageId, PublicId, UserId};
use event_store::RecordedEvent;
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};

use crate::readers::Readers;

/// What everyone sees of a conversation.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub uuid: ConversationId,
    pub account_id: AccountId,
    pub number: PublicId,
    /// The account position of the newest event that changed any of this.
    pub revision: AccountPosition,
    /// Private, room, contextual or support.
    pub kind: Kind,
    /// The host system's name for a contextual chat.
    pub uid: Option<String>,
    /// Its own name, if it has one.
    pub name: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// Metadata that the host system set.
    pub metadata: Option<Value>,
    /// In display order.
    pub tags: Vec<String>,
    /// URL of its picture.
    pub avatar_url: Option<String>,
    pub created_at: DateTime<Utc>,
    /// By whom; `None` when the host system did.
    pub created_by: Option<UserId>,
    /// When its name, description, tags, picture or members changed last.
    pub modified_at: DateTime<Utc>,
    /// By whom.
    pub modified_by: Option<UserId>,
    /// When its messages, name or members changed last, to the millisecond.
    pub changed_at: DateTime<Utc>,
    /// Whether it is in the trash, for everyone.
    pub trashed: bool,
    /// The message that is pinned for everyone.
    pub pinned_message: Option<MessageId>,
    /// How many members it has.
    pub member_count: i64,
    /// How many messages it has.
    pub message_count: i64,
    newest_author: Option<UserId>,
    newest_by_other: Option<PublicId>,
    newest: Newest,
}

event_store::from_row!(Conversation {
    uuid,
    account_id,
    number,
    revision,
    kind: json,
    uid,
    name,
    description,
    metadata,
    tags,
    avatar_url,
    created_at,
    created_by,
    modified_at,
    modified_by,
    changed_at,
    trashed,
    pinned_message,
    member_count,
    message_count,
    newest_author,
    newest_by_other,
    newest: flatten,
});

/// The newest message, if there is one.
#[derive(Debug, Clone)]
struct Newest(Option<Message>);

impl FromRow<'_, PgRow> for Newest {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let Some(uuid) = row.try_get("newest_uuid")? else { return Ok(Self(None)) };
        Ok(Self(Some(Message {
            id: row.try_get("newest_id")?,
            uuid,
            conversation: row.try_get("uuid")?,
            author: row.try_get("newest_author")?,
            text: row.try_get("newest_text")?,
            metadata: row.try_get("newest_metadata")?,
            tags: row.try_get("newest_tags")?,
            created_at: row.try_get("newest_created_at")?,
            modified_at: row.try_get("newest_modified_at")?,
        })))
    }
}

/// A message in its current state.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: PublicId,
    pub uuid: MessageId,
    pub conversation: ConversationId,
    pub author: UserId,
    pub text: String,
    /// Metadata that the host system set.
    pub metadata: Option<Value>,
    /// In display order.
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// When it was edited last.
    pub modified_at: Option<DateTime<Utc>>,
}

event_store::from_row!(Message {
    id,
    uuid,
    conversation,
    author,
    text,
    metadata,
    tags,
    created_at,
    modified_at,
});

/// Columns of a [`Conversation`]: of a row `c` of conversations, and of what [`JOINS`] adds.
pub(crate) const COLUMNS: &str = "c.uuid, c.account_id, c.number, c.revision, \
    to_jsonb(c.kind) as kind, c.uid, c.name, c.description, c.metadata, c.tags, c.avatar_url,
    c.created_at, c.created_by, c.modified_at, c.modified_by, c.changed_at, c.trashed,
    c.pinned_message, c.member_count,
    coalesce(n.messages, 0) as message_count, c.newest_author, c.newest_by_other, c.newest_id,
    newest.uuid as newest_uuid, newest.text as newest_text, newest.metadata as newest_metadata,
    newest.tags as newest_tags, newest.created_at as newest_created_at,
    newest.modified_at as newest_modified_at";

pub(crate) const JOINS: &str = "
    left join message_counts n on n.conversation = c.uuid
    left join messages newest on newest.account_id = c.account_id and newest.id = c.newest_id";

impl Conversation {
    /// The newest message.
    pub fn newest(&self) -> Option<&Message> {
        self.newest.0.as_ref()
    }

    /// The number of the newest message.
    pub fn newest_id(&self) -> Option<PublicId> {
        self.newest().map(|newest| newest.id)
    }

    /// The number of the newest message by anyone but this member, if there is one.
    pub fn newest_by_others(&self, member: UserId) -> Option<PublicId> {
        match self.newest_author == Some(member) {
            true => self.newest_by_other,
            false => self.newest_id(),
        }
    }

    /// The conversation after a posted message, equal to what the read models then have. `None`
    /// when the row has to be read: for any other event, and for metadata, which PostgreSQL may
    /// normalise.
    pub(super) fn with_message(&self, recorded: &RecordedEvent, event: &Event) -> Option<Self> {
        let Event::MessagePosted { message, author, text, metadata: None, tags, .. } = event else {
            return None;
        };
        let author = (*author)?;
        let newest = Message {
            id: recorded.account_position.into(),
            uuid: *message,
            conversation: self.uuid,
            author,
            text: text.as_str().to_owned(),
            metadata: None,
            tags: tags.as_slice().to_vec(),
            created_at: recorded.recorded_at,
            modified_at: None,
        };
        let is_by_another = self.newest_author.is_some_and(|before| before != author);
        Some(Self {
            revision: recorded.account_position,
            changed_at: recorded.recorded_at.trunc_subsecs(3),
            message_count: self.message_count + 1,
            newest_author: Some(author),
            newest_by_other: if is_by_another { self.newest_id() } else { self.newest_by_other },
            newest: Newest(Some(newest)),
            ..self.clone()
        })
    }

    pub(super) fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let texts = [&self.uid, &self.name, &self.description, &self.avatar_url].map(text);
        size_of::<Self>()
            + texts.iter().sum::<usize>()
            + self.metadata.as_ref().map_or(0, value_size)
            + tags_size(&self.tags)
            + self.newest().map_or(0, |newest| {
                newest.text.len()
                    + newest.metadata.as_ref().map_or(0, value_size)
                    + tags_size(&newest.tags)
            })
    }
}

pub(crate) fn tags_size(tags: &[String]) -> usize {
    tags.iter().map(|tag| tag.len() + size_of::<String>()).sum()
}

/// About how many bytes a JSON value takes.
pub(super) fn value_size(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_size).sum(),
            Value::Object(fields) => map_size(fields),
            _ => 0,
        }
}

pub(crate) fn map_size(fields: &Map<String, Value>) -> usize {
    fields.iter().map(|(name, value)| name.len() + 64 + value_size(value)).sum()
}

/// Kinds that only a later version knows cannot be decoded; conversations of theirs count as
/// absent.
fn known_kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.as_str()).collect()
}

pub(super) async fn fetch(
    readers: Readers,
    uuids: Vec<ConversationId>,
) -> Result<HashMap<ConversationId, Conversation>, sqlx::Error> {
    let rows: Vec<Conversation> = sqlx::query_as(&format!(
        "select {COLUMNS}
         from unnest($1::uuid[]) as w (uuid)
         join conversations c on c.uuid = w.uuid {JOINS}
         where c.kind = any($2)"
    ))
    .bind(uuids)
    .bind(known_kinds())
    .fetch_all(&readers)
    .await?;
    Ok(rows.into_iter().map(|conversation| (conversation.uuid, conversation)).collect())
}
