//! The dialect's resource types, and the conversion of views into resources.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::conversation::{Kind, NAME_LENGTH_MAX, TEXT_LENGTH_MAX};
use domain::limits::{AVATAR_URL_LENGTH_MAX, EMAIL_LENGTH_MAX};
use domain::user::UID_LENGTH_MAX;
use domain::{ConversationId, UserId};
use projections::views::{Chat, Membership};
use projections::{Message, User};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::jsonapi::document::{Link, Resource};
use crate::jsonapi::{Attribute, Type, Values};

/// A private chat of two users.
pub(super) const DIRECT_CONVERSATION: Type = Type {
    name: "direct_conversation",
    settable: &[Attribute::new("user_id", Values::Id)],
    derived: &[
        Attribute::new("first_user_id", Values::Id),
        Attribute::new("second_user_id", Values::Id),
        Attribute::new("created_at", Values::Time),
    ],
    relationships: &[("chat", "chat"), ("first_user", "user"), ("second_user", "user")],
};

/// Any conversation, as the container of messages.
pub(super) const CHAT: Type = Type {
    name: "chat",
    settable: &[Attribute::nullable("subject", Values::Text(NAME_LENGTH_MAX))],
    derived: &[
        Attribute::nullable("context_type", Values::Name(&["direct_conversation"])),
        Attribute::nullable("context_id", Values::Id),
        Attribute::nullable("latest_message_id", Values::Id),
        Attribute::nullable("discarded_at", Values::Time),
        Attribute::new("agents_enabled", Values::Boolean),
        Attribute::new("created_at", Values::Time),
        Attribute::new("updated_at", Values::Time),
    ],
    relationships: &[("latest_message", "message"), ("bookmark", "chat_bookmark")],
};

/// A user's membership of a chat.
pub(super) const CHAT_MEMBERSHIP: Type = Type {
    name: "chat_membership",
    settable: &[
        Attribute::new("chat_id", Values::Id),
        Attribute::new("user_id", Values::Id),
        Attribute::new("role_ids", Values::Nothing),
    ],
    derived: &[Attribute::new("created_at", Values::Time)],
    relationships: &[("chat", "chat"), ("user", "user")],
};

/// A message.
pub(super) const MESSAGE: Type = Type {
    name: "message",
    settable: &[Attribute::new("content", Values::Text(TEXT_LENGTH_MAX))],
    derived: &[
        Attribute::new("author_id", Values::Id),
        Attribute::new("chat_id", Values::Id),
        Attribute::new("created_at", Values::Time),
        Attribute::nullable("updated_at", Values::Time),
    ],
    relationships: &[("author", "user"), ("chat", "chat")],
};

/// How far the caller has read.
pub(super) const CHAT_BOOKMARK: Type = Type {
    name: "chat_bookmark",
    settable: &[Attribute::new("updated_at", Values::Time)],
    derived: &[Attribute::new("chat_id", Values::Id), Attribute::new("user_id", Values::Id)],
    relationships: &[("chat", "chat"), ("user", "user")],
};

/// A user of the account.
pub(super) const USER: Type = Type {
    name: "user",
    settable: &[],
    derived: &[
        Attribute::new("name", Values::Text(NAME_LENGTH_MAX)),
        Attribute::new("username", Values::Text(UID_LENGTH_MAX)),
        Attribute::nullable("email", Values::Text(EMAIL_LENGTH_MAX)),
        Attribute::nullable("avatar_url", Values::Text(AVATAR_URL_LENGTH_MAX)),
        Attribute::new("created_at", Values::Time),
    ],
    relationships: &[],
};

/// All resource types, for sparse fieldsets.
pub(super) const TYPES: &[&Type] =
    &[&DIRECT_CONVERSATION, &CHAT, &CHAT_MEMBERSHIP, &MESSAGE, &CHAT_BOOKMARK, &USER];

fn time(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}

fn link(r#type: &Type, id: impl Into<Uuid>) -> Option<Link> {
    let id = id.into();
    Some(Link { r#type: r#type.name, id, key: id })
}

/// A private chat of the viewer.
pub(super) fn direct_conversation(chat: &Chat, viewer: UserId) -> Resource {
    let (shared, other) = (&chat.conversation, chat.other.unwrap_or(viewer));
    let first = shared.created_by.unwrap_or(viewer);
    let second = if first == viewer { other } else { viewer };
    Resource {
        r#type: DIRECT_CONVERSATION.name,
        id: shared.uuid.get(),
        attributes: vec![
            ("user_id", json!(other)),
            ("first_user_id", json!(first)),
            ("second_user_id", json!(second)),
            ("created_at", time(shared.created_at)),
        ],
        relationships: vec![
            ("chat", link(&CHAT, shared.uuid)),
            ("first_user", link(&USER, first)),
            ("second_user", link(&USER, second)),
        ],
        url: format!("/api/v1/direct_conversations/{}", shared.uuid),
    }
}

/// The type of the resource that a chat of this kind belongs to, if any.
pub(super) fn context_type(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Private => Some(DIRECT_CONVERSATION.name),
        Kind::Room | Kind::Contextual | Kind::Support => None,
    }
}

/// Any chat of the viewer.
pub(super) fn chat(chat: &Chat, viewer: UserId) -> Resource {
    let shared = &chat.conversation;
    let newest = shared.newest().map(|newest| newest.uuid);
    let context_type = context_type(shared.kind);
    let bookmark = chat.state.bookmark.map(|_| Link {
        r#type: CHAT_BOOKMARK.name,
        id: bookmark_id(shared.uuid, viewer),
        key: shared.uuid.get(),
    });
    Resource {
        r#type: CHAT.name,
        id: shared.uuid.get(),
        attributes: vec![
            ("subject", json!(shared.name)),
            ("context_type", json!(context_type)),
            ("context_id", json!(context_type.map(|_| shared.uuid))),
            ("latest_message_id", json!(newest)),
            ("discarded_at", Value::Null),
            ("agents_enabled", json!(false)),
            ("created_at", time(shared.created_at)),
            ("updated_at", time(shared.changed_at)),
        ],
        relationships: vec![
            ("latest_message", newest.and_then(|message| link(&MESSAGE, message))),
            ("bookmark", bookmark),
        ],
        url: format!("/api/v1/chats/{}", shared.uuid),
    }
}

/// Derived from the id of the membership, which is that of its participation's stream.
pub(super) fn bookmark_id(conversation: ConversationId, user: UserId) -> Uuid {
    Uuid::new_v5(&domain::participation_id(conversation, user).get(), b"bookmark")
}

/// The viewer's bookmark in a chat, if there is one.
pub(super) fn bookmark(chat: &Chat, viewer: UserId) -> Option<Resource> {
    let updated_at = chat.state.bookmark.and(chat.state.opened_at)?;
    let shared = &chat.conversation;
    Some(Resource {
        r#type: CHAT_BOOKMARK.name,
        id: bookmark_id(shared.uuid, viewer),
        attributes: vec![
            ("chat_id", json!(shared.uuid)),
            ("user_id", json!(viewer)),
            ("updated_at", time(updated_at)),
        ],
        relationships: vec![("chat", link(&CHAT, shared.uuid)), ("user", link(&USER, viewer))],
        url: format!("/api/v1/chats/{}/bookmark", shared.uuid),
    })
}

pub(super) fn membership(membership: &Membership) -> Resource {
    let Membership { conversation, user_id, joined_at, .. } = *membership;
    let id = domain::participation_id(conversation, user_id);
    Resource {
        r#type: CHAT_MEMBERSHIP.name,
        id: id.get(),
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

pub(super) fn message(message: &Message) -> Resource {
    Resource {
        r#type: MESSAGE.name,
        id: message.uuid.get(),
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

pub(super) fn user(user: &User) -> Resource {
    Resource {
        r#type: USER.name,
        id: user.uuid.get(),
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
