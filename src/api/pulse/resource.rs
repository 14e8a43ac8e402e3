//! The dialect's resource types, and how the read models' views become resources.

use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use projections::conversation_list::Membership;
use projections::inbox::Chat;
use projections::{directory, messages};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::jsonapi::Type;
use crate::jsonapi::document::{Link, Resource};

/// A private chat, as the chat of two.
pub(super) const DIRECT_CONVERSATION: Type = Type {
    name: "direct_conversation",
    settable: &["user_id"],
    derived: &["first_user_id", "second_user_id", "created_at"],
    relationships: &[("chat", "chat"), ("first_user", "user"), ("second_user", "user")],
};

/// Any conversation, as the place where messages are.
pub(super) const CHAT: Type = Type {
    name: "chat",
    settable: &["subject"],
    derived: &[
        "context_type",
        "context_id",
        "latest_message_id",
        "discarded_at",
        "agents_enabled",
        "created_at",
        "updated_at",
    ],
    relationships: &[("latest_message", "message"), ("bookmark", "chat_bookmark")],
};

/// Somebody's place in a chat.
pub(super) const CHAT_MEMBERSHIP: Type = Type {
    name: "chat_membership",
    settable: &["chat_id", "user_id", "role_ids"],
    derived: &["created_at"],
    relationships: &[("chat", "chat"), ("user", "user")],
};

/// What somebody said.
pub(super) const MESSAGE: Type = Type {
    name: "message",
    settable: &["content"],
    derived: &["author_id", "chat_id", "created_at", "updated_at"],
    relationships: &[("author", "user"), ("chat", "chat")],
};

/// How far the caller has read.
pub(super) const CHAT_BOOKMARK: Type = Type {
    name: "chat_bookmark",
    settable: &["updated_at"],
    derived: &["chat_id", "user_id"],
    relationships: &[("chat", "chat"), ("user", "user")],
};

/// A user of the account.
pub(super) const USER: Type = Type {
    name: "user",
    settable: &[],
    derived: &["name", "username", "email", "avatar_url", "created_at"],
    relationships: &[],
};

/// All of them, for sparse fieldsets.
pub(super) const TYPES: &[&Type] =
    &[&DIRECT_CONVERSATION, &CHAT, &CHAT_MEMBERSHIP, &MESSAGE, &CHAT_BOOKMARK, &USER];

fn time(at: DateTime<Utc>) -> Value {
    json!(at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn link(r#type: &Type, id: Uuid) -> Option<Link> {
    Some(Link { r#type: r#type.name, id, key: id })
}

/// A private chat of the viewer.
pub(super) fn direct_conversation(chat: &Chat, viewer: Uuid) -> Resource {
    let other = chat.other.unwrap_or(viewer);
    let first = chat.created_by.unwrap_or(viewer);
    let second = if first == viewer { other } else { viewer };
    Resource {
        r#type: DIRECT_CONVERSATION.name,
        id: chat.conversation,
        attributes: vec![
            ("user_id", json!(other)),
            ("first_user_id", json!(first)),
            ("second_user_id", json!(second)),
            ("created_at", time(chat.created_at)),
        ],
        relationships: vec![
            ("chat", link(&CHAT, chat.conversation)),
            ("first_user", link(&USER, first)),
            ("second_user", link(&USER, second)),
        ],
        url: format!("/api/v1/direct_conversations/{}", chat.conversation),
    }
}

/// Any chat of the viewer.
pub(super) fn chat(chat: &Chat, viewer: Uuid) -> Resource {
    let is_direct = chat.kind == Kind::Private;
    let bookmark = chat.bookmark.map(|_| Link {
        r#type: CHAT_BOOKMARK.name,
        id: bookmark_id(chat.conversation, viewer),
        key: chat.conversation,
    });
    Resource {
        r#type: CHAT.name,
        id: chat.conversation,
        attributes: vec![
            ("subject", json!(chat.name)),
            ("context_type", json!(is_direct.then_some(DIRECT_CONVERSATION.name))),
            ("context_id", json!(is_direct.then_some(chat.conversation))),
            ("latest_message_id", json!(chat.newest)),
            ("discarded_at", Value::Null),
            ("agents_enabled", json!(false)),
            ("created_at", time(chat.created_at)),
            ("updated_at", time(chat.changed_at)),
        ],
        relationships: vec![
            ("latest_message", chat.newest.and_then(|message| link(&MESSAGE, message))),
            ("bookmark", bookmark),
        ],
        url: format!("/api/v1/chats/{}", chat.conversation),
    }
}

/// Derived from the participation's stream, which is the membership's id.
pub(super) fn bookmark_id(conversation: Uuid, user: Uuid) -> Uuid {
    Uuid::new_v5(&domain::participation_id(conversation, user), b"bookmark")
}

/// The viewer's bookmark in a chat, if there is one.
pub(super) fn bookmark(chat: &Chat, viewer: Uuid) -> Option<Resource> {
    let updated_at = chat.bookmark.and(chat.opened_at)?;
    Some(Resource {
        r#type: CHAT_BOOKMARK.name,
        id: bookmark_id(chat.conversation, viewer),
        attributes: vec![
            ("chat_id", json!(chat.conversation)),
            ("user_id", json!(viewer)),
            ("updated_at", time(updated_at)),
        ],
        relationships: vec![
            ("chat", link(&CHAT, chat.conversation)),
            ("user", link(&USER, viewer)),
        ],
        url: format!("/api/v1/chats/{}/bookmark", chat.conversation),
    })
}

pub(super) fn membership(membership: &Membership) -> Resource {
    let Membership { conversation, user_id, joined_at, .. } = *membership;
    let id = domain::participation_id(conversation, user_id);
    Resource {
        r#type: CHAT_MEMBERSHIP.name,
        id,
        attributes: vec![
            ("chat_id", json!(conversation)),
            ("user_id", json!(user_id)),
            ("role_ids", json!([])),
            ("created_at", time(joined_at)),
        ],
        relationships: vec![("chat", link(&CHAT, conversation)), ("user", link(&USER, user_id))],
        url: format!("/api/v1/chat_memberships/{id}"),
    }
}

pub(super) fn message(message: &messages::Message) -> Resource {
    Resource {
        r#type: MESSAGE.name,
        id: message.uuid,
        attributes: vec![
            ("content", json!(message.text)),
            ("author_id", json!(message.author)),
            ("chat_id", json!(message.conversation)),
            ("created_at", time(message.created_at)),
            ("updated_at", message.modified_at.map_or(Value::Null, time)),
        ],
        relationships: vec![
            ("author", link(&USER, message.author)),
            ("chat", link(&CHAT, message.conversation)),
        ],
        url: format!("/api/v1/chats/{}/messages/{}", message.conversation, message.uuid),
    }
}

pub(super) fn user(user: &directory::User) -> Resource {
    Resource {
        r#type: USER.name,
        id: user.uuid,
        attributes: vec![
            ("name", json!(user.display_name())),
            ("username", json!(user.uid)),
            ("email", json!(user.email)),
            ("avatar_url", json!(user.avatar_url)),
            ("created_at", time(user.created_at)),
        ],
        relationships: vec![],
        url: format!("/api/v1/users/{}", user.uuid),
    }
}
