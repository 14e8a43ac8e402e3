//! The dialect's objects. Every field is always there, null when unset; times are whole seconds since 1970.

use chrono::{DateTime, Utc};
use projections::directory;
use projections::inbox::{self, Entry};
use projections::messages::Read;
use serde::Serialize;
use utoipa::ToSchema;

use super::id::encode;

fn seconds(time: DateTime<Utc>) -> i64 {
    time.timestamp()
}

/// A conversation, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conversation {
    id: String,
    /// The other one, in a private chat.
    contact_id: Option<String>,
    /// The group, in any other.
    group_id: Option<String>,
    /// For everyone.
    pinned_message_id: Option<String>,
    /// The caller's own.
    is_pinned: bool,
    /// The caller's own.
    is_muted: bool,
    /// When the newest message was posted.
    last_active_at: Option<i64>,
    /// When the caller marked it as read last.
    last_opened_at: Option<i64>,
    created_at: i64,
    /// When the caller archived it.
    archived_at: Option<i64>,
}

impl From<Entry> for Conversation {
    fn from(entry: Entry) -> Self {
        Self {
            id: encode(entry.conversation),
            contact_id: entry.other.map(encode),
            group_id: entry.is_group().then(|| encode(entry.conversation)),
            pinned_message_id: entry.pinned_message.map(encode),
            is_pinned: entry.is_pinned,
            is_muted: entry.is_muted,
            last_active_at: entry.last_active_at.map(seconds),
            last_opened_at: entry.opened_at.map(seconds),
            created_at: seconds(entry.created_at),
            archived_at: entry.archived_at.map(seconds),
        }
    }
}

/// A user of the account, as the caller sees them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contact {
    id: String,
    /// The host system's name.
    username: String,
    /// Not known.
    phone_number: Option<String>,
    avatar_url: Option<String>,
    display_name: String,
    /// The caller's private chat with them.
    conversation_id: Option<String>,
    /// Not known.
    last_active_at: Option<i64>,
    created_at: i64,
}

impl From<directory::Contact> for Contact {
    fn from(contact: directory::Contact) -> Self {
        Self {
            id: encode(contact.uuid),
            username: contact.uid,
            phone_number: None,
            avatar_url: contact.avatar_url,
            display_name: contact.display_name,
            conversation_id: contact.conversation.map(encode),
            last_active_at: None,
            created_at: seconds(contact.created_at),
        }
    }
}

/// A conversation of people at large, as those people.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    id: String,
    /// Its own or, when it has none, the others' names.
    name: String,
    description: Option<String>,
    avatar_url: Option<String>,
    /// The same as the group's.
    conversation_id: String,
    /// The others, by name.
    contacts: Vec<Contact>,
    created_at: i64,
    /// Groups are not archived; conversations are.
    archived_at: Option<i64>,
}

impl From<inbox::Group> for Group {
    fn from(group: inbox::Group) -> Self {
        Self {
            id: encode(group.conversation),
            name: group.display_name(),
            description: group.description,
            avatar_url: group.avatar_url,
            conversation_id: encode(group.conversation),
            contacts: group.contacts.0.into_iter().map(Contact::from).collect(),
            created_at: seconds(group.created_at),
            archived_at: None,
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sender {
    id: String,
    username: String,
    phone_number: Option<String>,
    avatar_url: Option<String>,
    last_active_at: Option<i64>,
    created_at: i64,
}

/// A message, as the caller sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    id: String,
    conversation_id: String,
    contact: Sender,
    message: String,
    /// Not offered.
    #[schema(value_type = Vec<Object>)]
    reactions: [(); 0],
    /// Not offered.
    #[schema(value_type = Vec<Object>)]
    attachments: [(); 0],
    /// Somebody else's: when the caller read it. The caller's own: when the first other one did.
    read_at: Option<i64>,
    created_at: i64,
    /// When it was edited last.
    updated_at: Option<i64>,
}

impl From<Read> for Message {
    fn from(read: Read) -> Self {
        let Read { message, author_created_at, read_at } = read;
        Self {
            id: encode(message.uuid),
            conversation_id: encode(message.conversation),
            contact: Sender {
                id: encode(message.author),
                username: message.created_by.uid,
                phone_number: None,
                avatar_url: message.created_by.avatar_url,
                last_active_at: None,
                created_at: seconds(author_created_at),
            },
            message: message.text,
            reactions: [],
            attachments: [],
            read_at: read_at.map(seconds),
            created_at: seconds(message.created_at),
            updated_at: message.modified_at.map(seconds),
        }
    }
}
