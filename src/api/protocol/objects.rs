//! The dialect's objects. Every field is always present, null when unset; times are whole seconds
//! since 1970.

use chrono::{DateTime, Utc};
use projections::views::{self, Entry, Read};
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
    /// The other member, in a private chat.
    contact_id: Option<String>,
    /// The group, in any other conversation.
    group_id: Option<String>,
    /// Pinned for everyone.
    pinned_message_id: Option<String>,
    /// For the caller.
    is_pinned: bool,
    /// For the caller.
    is_muted: bool,
    /// When the newest message was posted.
    last_active_at: Option<i64>,
    /// When the caller last marked it as read.
    last_opened_at: Option<i64>,
    created_at: i64,
    /// When the caller archived it.
    archived_at: Option<i64>,
}

impl From<Entry> for Conversation {
    fn from(entry: Entry) -> Self {
        let (shared, state) = (&entry.conversation, &entry.state);
        Self {
            id: encode(shared.uuid),
            contact_id: entry.other.map(encode),
            group_id: entry.is_group().then(|| encode(shared.uuid)),
            pinned_message_id: shared.pinned_message.map(encode),
            is_pinned: state.pinned.is_some(),
            is_muted: state.muted,
            last_active_at: shared.newest().map(|newest| seconds(newest.created_at)),
            last_opened_at: state.opened_at.map(seconds),
            created_at: seconds(shared.created_at),
            archived_at: state.archived_at.map(seconds),
        }
    }
}

/// A user of the account, as the caller sees them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contact {
    id: String,
    /// The uid in the host system.
    username: String,
    /// Always null.
    phone_number: Option<String>,
    avatar_url: Option<String>,
    display_name: String,
    /// The caller's private chat with them.
    conversation_id: Option<String>,
    /// Always null.
    last_active_at: Option<i64>,
    created_at: i64,
}

impl From<views::Contact> for Contact {
    fn from(views::Contact { user, conversation }: views::Contact) -> Self {
        Self {
            id: encode(user.uuid),
            username: user.uid.clone(),
            phone_number: None,
            avatar_url: user.avatar_url.clone(),
            display_name: user.display_name().to_owned(),
            conversation_id: conversation.map(encode),
            last_active_at: None,
            created_at: seconds(user.created_at),
        }
    }
}

/// A conversation of several people, presented as a group.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    id: String,
    /// Its own name or, without one, the other members' names.
    name: String,
    description: Option<String>,
    avatar_url: Option<String>,
    /// Same as `id`.
    conversation_id: String,
    /// The other members, by name.
    contacts: Vec<Contact>,
    created_at: i64,
    /// Always null: conversations are archived, not groups.
    archived_at: Option<i64>,
}

impl From<views::Group> for Group {
    fn from(group: views::Group) -> Self {
        let (name, shared) = (group.display_name(), group.conversation);
        Self {
            id: encode(shared.uuid),
            name,
            description: shared.description.clone(),
            avatar_url: shared.avatar_url.clone(),
            conversation_id: encode(shared.uuid),
            contacts: group.contacts.into_iter().map(Contact::from).collect(),
            created_at: seconds(shared.created_at),
            archived_at: None,
        }
    }
}

/// The author of a message.
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
    /// Not supported; always empty.
    #[schema(value_type = Vec<Object>)]
    reactions: [(); 0],
    /// Not supported; always empty.
    #[schema(value_type = Vec<Object>)]
    attachments: [(); 0],
    /// Another member's message: when the caller read it. The caller's own: when the first other
    /// member read it.
    read_at: Option<i64>,
    created_at: i64,
    /// When it was last edited.
    updated_at: Option<i64>,
}

impl From<Read> for Message {
    fn from(read: Read) -> Self {
        let Read { message, author, read_at } = read;
        Self {
            id: encode(message.uuid),
            conversation_id: encode(message.conversation),
            contact: Sender {
                id: encode(message.author),
                username: author.uid.clone(),
                phone_number: None,
                avatar_url: author.avatar_url.clone(),
                last_active_at: None,
                created_at: seconds(author.created_at),
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
