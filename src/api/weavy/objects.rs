//! The dialect's objects. A property without a value is left out.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::PublicId;
use domain::conversation::Kind;
use projections::User as DirectoryUser;
use projections::views::{View, Viewer, served_kinds};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::DIALECT;
use super::html::{html, plain};
use crate::description::written;
pub(super) use crate::edge::rendered::Rendered;
use crate::edge::whole_seconds::WholeSeconds;
use crate::live::Present;

/// Whole seconds, UTC.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A kind's type id, and its other names.
pub(super) fn type_names(kind: Kind) -> (&'static str, &'static [&'static str]) {
    match kind {
        Kind::Private => ("7e14f418-8f15-46f4-b182-f619b671e470", &["private", "privatechat"]),
        Kind::Room => ("edb400ac-839b-45a7-b2a8-6a01820d1c44", &["room", "rooms", "chatroom"]),
        Kind::Contextual => ("d65dd4bc-418e-403c-9f56-f9cf4da931ed", &["chat"]),
        // Not served here, and so without a name.
        Kind::Support => ("", &[]),
    }
}

fn types() -> RefOr<Schema> {
    let served = served_kinds(DIALECT.surface).iter();
    let ids: Vec<&str> = served.map(|kind| type_names(*kind).0).collect();
    written(json!({
        "type": "string", "format": "uuid", "enum": ids,
        "description": "Of a private chat, a room or a contextual chat",
    }))
}

/// Users who were seen within the last minutes are active, all others away.
const ACTIVE: &str = "active";
const AWAY: &str = "away";

pub(super) fn presences() -> RefOr<Schema> {
    written(json!({ "type": "string", "enum": [ACTIVE, AWAY] }))
}

pub(super) fn presence(of: &DirectoryUser, known: Present<'_>) -> &'static str {
    if known.is_active(of.uuid) { ACTIVE } else { AWAY }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person<'a> {
    id: i64,
    uid: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
}

impl<'a> From<&'a DirectoryUser> for Person<'a> {
    fn from(user: &'a DirectoryUser) -> Self {
        Self {
            id: user.id.get(),
            uid: &user.uid,
            display_name: user.display_name(),
            avatar_url: user.avatar_url.as_deref(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member<'a> {
    id: i64,
    uid: &'a str,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    marked_at: Option<WholeSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_id: Option<i64>,
    #[schema(schema_with = presences)]
    presence: &'static str,
}

impl<'a> Member<'a> {
    pub(super) fn new(
        (member, user): (&projections::Member, &'a DirectoryUser),
        known: Present<'_>,
    ) -> Self {
        Self {
            id: user.id.get(),
            uid: &user.uid,
            display_name: user.display_name(),
            avatar_url: user.avatar_url.as_deref(),
            marked_at: member.marked_at.map(WholeSeconds),
            marked_id: member.marker.map(PublicId::get),
            presence: presence(user, known),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message<'a> {
    id: i64,
    app_id: i64,
    text: &'a str,
    html: String,
    plain: Cow<'a, str>,
    attachment_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a Value>,
    tags: &'a [String],
    #[schema(format = DateTime)]
    created_at: String,
    created_by_id: i64,
    created_by: Person<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    modified_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by_id: Option<i64>,
    is_trashed: bool,
}

impl<'a> Message<'a> {
    /// A message of the conversation with this number.
    pub(super) fn new(
        message: &'a projections::Message,
        author: &'a DirectoryUser,
        app_id: PublicId,
    ) -> Self {
        Self {
            id: message.id.get(),
            app_id: app_id.get(),
            text: &message.text,
            html: html(&message.text),
            plain: plain(&message.text),
            attachment_count: 0,
            metadata: message.metadata.as_ref(),
            tags: &message.tags,
            created_at: time(message.created_at),
            created_by_id: author.id.get(),
            created_by: author.into(),
            modified_at: message.modified_at.map(time),
            // Only the author can edit a message.
            modified_by_id: message.modified_at.map(|_| author.id.get()),
            is_trashed: false,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conversation<'a> {
    id: i64,
    #[schema(schema_with = types)]
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    display_name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a Value>,
    tags: &'a [String],
    #[schema(format = DateTime)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<Person<'a>>,
    #[schema(format = DateTime)]
    modified_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<Person<'a>>,
    member_count: i64,
    members: Vec<Member<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<Message<'a>>,
    is_pinned: bool,
    is_unread: bool,
    is_starred: bool,
    is_subscribed: bool,
    is_trashed: bool,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(view: &'a View, viewer: Viewer, known: Present<'_>) -> Self {
        let shared = &*view.conversation;
        let others = view.members().filter(|(member, _)| Viewer::User(member.user) != viewer);
        let other = match (shared.kind, viewer) {
            (Kind::Private, Viewer::User(_)) => others.clone().next().map(|(_, user)| user),
            _ => None,
        };
        let names = || others.map(|(_, user)| user.display_name()).collect::<Vec<_>>().join(", ");
        let (r#type, _) = type_names(shared.kind);
        let state = view.state.as_ref();
        let (creator, modifier) = (view.created_by.as_deref(), view.modified_by.as_deref());
        let newest = shared.newest().zip(view.newest_author.as_deref());
        let own_picture = shared.avatar_url.as_deref();
        Self {
            id: shared.number.get(),
            r#type,
            uid: shared.uid.as_deref(),
            display_name: shared.name.as_deref().map_or_else(|| names().into(), Cow::from),
            avatar_url: own_picture.or_else(|| other.and_then(|other| other.avatar_url.as_deref())),
            user_id: other.map(|other| other.id.get()),
            name: shared.name.as_deref(),
            description: shared.description.as_deref(),
            metadata: shared.metadata.as_ref(),
            tags: &shared.tags,
            created_at: time(shared.created_at),
            created_by_id: creator.map(|user| user.id.get()),
            created_by: creator.map(Person::from),
            modified_at: time(shared.modified_at),
            modified_by_id: modifier.map(|user| user.id.get()),
            modified_by: modifier.map(Person::from),
            member_count: view.member_count(),
            members: view.members().map(|member| Member::new(member, known)).collect(),
            last_message_id: shared.newest_id().map(PublicId::get),
            last_message: newest.map(|(newest, by)| Message::new(newest, by, shared.number)),
            is_pinned: state.is_some_and(|state| state.pinned.is_some()),
            is_unread: view.is_unread,
            is_starred: state.is_some_and(|state| state.starred),
            is_subscribed: state.is_some_and(|state| state.subscribed),
            is_trashed: shared.trashed,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    id: i64,
    uid: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    tags: Vec<String>,
    #[schema(schema_with = presences)]
    presence: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    modified_at: String,
    is_admin: bool,
    is_suspended: bool,
    is_trashed: bool,
}

impl User {
    pub(super) fn new(user: &DirectoryUser, known: Present<'_>) -> Self {
        Self {
            id: user.id.get(),
            uid: user.uid.clone(),
            display_name: user.display_name().to_owned(),
            name: user.name.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            avatar_url: user.avatar_url.clone(),
            metadata: user.metadata.clone(),
            tags: user.tags.clone(),
            presence: presence(user, known),
            created_at: time(user.created_at),
            modified_at: time(user.modified_at),
            is_admin: user.role.as_deref() == Some("administrator"),
            is_suspended: false,
            is_trashed: false,
        }
    }
}
