//! The dialect's objects. A property without a value is left out.

use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use projections::inbox::{self, View, Viewer};
use projections::{Page, directory, messages};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::query::Paging;

/// Whole seconds, UTC.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The dialect's type ids.
pub(super) const KINDS: [(Kind, &str, &[&str]); 3] = [
    (Kind::Private, "7e14f418-8f15-46f4-b182-f619b671e470", &["private", "privatechat"]),
    (Kind::Room, "edb400ac-839b-45a7-b2a8-6a01820d1c44", &["room", "rooms", "chatroom"]),
    (Kind::Contextual, "d65dd4bc-418e-403c-9f56-f9cf4da931ed", &["chat"]),
];

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    id: i64,
    uid: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
}

impl From<inbox::Person> for Person {
    fn from(person: inbox::Person) -> Self {
        let inbox::Person { id, uid, display_name, avatar_url } = person;
        Self { id, uid, display_name, avatar_url }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    id: i64,
    uid: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    marked_id: Option<i64>,
    presence: &'static str,
}

impl From<inbox::Member> for Member {
    fn from(member: inbox::Member) -> Self {
        Self {
            id: member.id,
            uid: member.uid,
            display_name: member.display_name,
            avatar_url: member.avatar_url,
            marked_at: member.marked_at.map(time),
            marked_id: member.marked_id,
            presence: "away",
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    id: i64,
    app_id: i64,
    text: String,
    html: String,
    plain: String,
    attachment_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    tags: Vec<String>,
    created_at: String,
    created_by_id: i64,
    created_by: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by_id: Option<i64>,
    is_trashed: bool,
}

impl From<messages::Message> for Message {
    fn from(message: messages::Message) -> Self {
        let author = message.created_by.id;
        Self {
            id: message.id,
            app_id: message.app_id,
            html: html(&message.text),
            plain: escape(&message.text.split_whitespace().collect::<Vec<_>>().join(" ")),
            text: message.text,
            attachment_count: 0,
            metadata: message.metadata,
            tags: message.tags,
            created_at: time(message.created_at),
            created_by_id: author,
            created_by: message.created_by.into(),
            modified_at: message.modified_at.map(time),
            // Only its author edits a message.
            modified_by_id: message.modified_at.map(|_| author),
            is_trashed: false,
        }
    }
}

/// Clients put `html` and `plain` into pages as they come.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Blank lines part paragraphs; other line ends become breaks.
fn html(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p>{}</p>", escape(paragraph).replace('\n', "<br>")))
        .collect()
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conversation {
    id: i64,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    tags: Vec<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<Person>,
    modified_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_by: Option<Person>,
    member_count: i64,
    members: Vec<Member>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<Message>,
    is_pinned: bool,
    is_unread: bool,
    is_starred: bool,
    is_subscribed: bool,
    is_trashed: bool,
}

impl Conversation {
    pub(super) fn new(view: View, viewer: Viewer) -> Self {
        let others: Vec<&inbox::Member> =
            view.members.iter().filter(|member| Viewer::User(member.uuid) != viewer).collect();
        let other = match (view.kind, viewer, others.first()) {
            (Kind::Private, Viewer::User(_), Some(other)) => Some(*other),
            _ => None,
        };
        let names =
            || others.iter().map(|m| m.display_name.as_str()).collect::<Vec<_>>().join(", ");
        let r#type = KINDS.iter().find(|(kind, ..)| *kind == view.kind).map_or("", |(_, id, _)| id);
        Self {
            id: view.id,
            r#type,
            uid: view.uid,
            display_name: view.name.clone().unwrap_or_else(names),
            avatar_url: view
                .avatar_url
                .or_else(|| other.and_then(|other| other.avatar_url.clone())),
            user_id: other.map(|other| other.id),
            name: view.name,
            description: view.description,
            metadata: view.metadata,
            tags: view.tags,
            created_at: time(view.created_at),
            created_by_id: view.created_by.as_ref().map(|person| person.id),
            created_by: view.created_by.map(Person::from),
            modified_at: time(view.modified_at),
            modified_by_id: view.modified_by.as_ref().map(|person| person.id),
            modified_by: view.modified_by.map(Person::from),
            member_count: view.member_count,
            members: view.members.into_iter().map(Member::from).collect(),
            last_message_id: view.last_message.as_ref().map(|message| message.id),
            last_message: view.last_message.map(Message::from),
            is_pinned: view.is_pinned,
            is_unread: view.is_unread,
            is_starred: view.is_starred,
            is_subscribed: view.is_subscribed,
            is_trashed: view.is_trashed,
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
    metadata: Option<Value>,
    tags: Vec<String>,
    presence: &'static str,
    created_at: String,
    modified_at: String,
    is_admin: bool,
    is_suspended: bool,
    is_trashed: bool,
}

impl From<directory::User> for User {
    fn from(user: directory::User) -> Self {
        Self {
            display_name: user.display_name().to_owned(),
            is_admin: user.role.as_deref() == Some("administrator"),
            id: user.id,
            uid: user.uid,
            name: user.name,
            username: user.username,
            email: user.email,
            avatar_url: user.avatar_url,
            metadata: user.metadata,
            tags: user.tags,
            presence: "away",
            created_at: time(user.created_at),
            modified_at: time(user.modified_at),
            is_suspended: false,
            is_trashed: false,
        }
    }
}

/// A page of a list, or only its count.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T: ToSchema> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<T>>,
    /// Ordinal of the first item sent, from 1; 0 when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    /// Ordinal of the last item sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i64>,
}

impl<T: ToSchema> List<T> {
    pub(super) fn new<I: Into<T>>(page: Page<I>, paging: &Paging) -> Self {
        let count = page.total;
        if paging.count_only {
            return Self { data: None, start: None, end: None, count };
        }
        let sent = page.items.len() as i64;
        let (start, end) = if sent == 0 {
            (0, paging.skip.min(count.unwrap_or(paging.skip)))
        } else {
            (paging.skip + 1, paging.skip + sent)
        };
        let data = page.items.into_iter().map(Into::into).collect();
        Self { data: Some(data), start: Some(start), end: Some(end), count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_in_both_renderings() {
        assert_eq!(
            html("<b>&\n\"x\"\n\nit's"),
            "<p>&lt;b&gt;&amp;<br>&quot;x&quot;</p><p>it&#39;s</p>"
        );
        assert_eq!(escape("<script>"), "&lt;script&gt;");
    }

    #[test]
    fn an_empty_page_ends_where_the_list_does() {
        let paging = Paging { top: 25, skip: 40, count: true, count_only: false };
        let page = Page { items: Vec::<inbox::Person>::new(), total: Some(7) };
        let list: List<Person> = List::new(page, &paging);
        assert_eq!(
            serde_json::to_value(list).unwrap(),
            serde_json::json!({"data": [], "start": 0, "end": 7, "count": 7})
        );
    }
}
