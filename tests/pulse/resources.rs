//! What is special about each resource.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ann_and, direct, get, id, say, submit, user};
use crate::harness::{Caller, Server};

/// What is special about a resource.
pub(super) struct Resource {
    pub(super) r#type: &'static str,
    /// The path of one.
    pub(super) one: String,
    /// The path of a collection of it, or empty.
    pub(super) all: String,
    /// Where one is created, with attributes for it, or empty.
    pub(super) made_at: String,
    pub(super) attributes: Value,
    /// Where it is changed, or empty.
    pub(super) changed_at: String,
    pub(super) includes: &'static [&'static str],
    pub(super) sorts: &'static [&'static str],
    pub(super) filters: &'static [&'static str],
    /// An attribute that cannot be set; empty where all can.
    pub(super) derived: &'static str,
}

async fn resources(ann: &Caller) -> Vec<Resource> {
    let bob = user(ann, "bob").await;
    let d = id(&direct(ann, "bob").await).to_owned();
    let message = id(&say(ann, &d, "hello").await).to_owned();
    let room = submit(ann, Method::POST, "/chats", "chat", json!({"subject": "Room"})).await;
    let room = id(&room.expect(201)["data"]).to_owned();
    ann.put(&format!("/api/v1/chats/{d}/bookmark")).await.expect(201);
    let memberships = get(ann, &format!("/chat_memberships?filter[chat_id]={room}")).await;
    let membership = id(&memberships.expect(200)["data"][0]).to_owned();
    let none = String::new;
    vec![
        Resource {
            r#type: "direct_conversation",
            one: format!("/direct_conversations/{d}"),
            all: "/direct_conversations".to_owned(),
            made_at: "/direct_conversations".to_owned(),
            attributes: json!({ "user_id": bob }),
            changed_at: none(),
            includes: &[
                "chat",
                "first_user",
                "second_user",
                "chat.latest_message",
                "chat.bookmark",
            ],
            sorts: &["chat_updated_at", "created_at", "user_id", "first_user_id", "second_user_id"],
            filters: &["id", "user_id", "first_user_id", "second_user_id"],
            derived: "first_user_id",
        },
        Resource {
            r#type: "chat",
            one: format!("/chats/{d}"),
            all: "/chats".to_owned(),
            made_at: "/chats".to_owned(),
            attributes: json!({"subject": "Another"}),
            changed_at: format!("/chats/{room}"),
            includes: &["latest_message", "bookmark"],
            sorts: &["updated_at", "created_at", "subject"],
            filters: &[],
            derived: "context_id",
        },
        Resource {
            r#type: "chat_membership",
            one: format!("/chat_memberships/{membership}"),
            all: "/chat_memberships".to_owned(),
            made_at: "/chat_memberships".to_owned(),
            attributes: json!({"chat_id": room, "user_id": bob}),
            changed_at: none(),
            includes: &["chat", "user"],
            sorts: &[],
            filters: &["chat_id", "user_id"],
            derived: "created_at",
        },
        Resource {
            r#type: "message",
            one: format!("/chats/{d}/messages/{message}"),
            all: format!("/chats/{d}/messages"),
            made_at: format!("/chats/{d}/messages"),
            attributes: json!({"content": "hello"}),
            changed_at: format!("/chats/{d}/messages/{message}"),
            includes: &["author", "chat"],
            sorts: &[],
            filters: &[],
            derived: "author_id",
        },
        Resource {
            r#type: "chat_bookmark",
            one: format!("/chats/{d}/bookmark"),
            all: none(),
            made_at: format!("/chats/{room}/bookmark"),
            attributes: json!({"updated_at": "2026-01-01T00:00:00.000Z"}),
            changed_at: format!("/chats/{d}/bookmark"),
            includes: &["chat", "user"],
            sorts: &[],
            filters: &[],
            derived: "user_id",
        },
        Resource {
            r#type: "user",
            one: format!("/users/{bob}"),
            all: "/users".to_owned(),
            made_at: none(),
            attributes: json!({}),
            changed_at: none(),
            includes: &[],
            sorts: &["name"],
            filters: &["id"],
            derived: "",
        },
    ]
}

impl Resource {
    pub(super) fn reads(&self) -> impl Iterator<Item = &String> {
        [&self.one, &self.all].into_iter().filter(|path| !path.is_empty())
    }

    pub(super) fn writes(&self) -> Vec<(Method, &String)> {
        let mut writes = vec![(Method::POST, &self.made_at)];
        writes.push((Method::PUT, &self.changed_at));
        writes.push((Method::PATCH, &self.changed_at));
        writes.retain(|(_, path)| !path.is_empty());
        writes
    }

    pub(super) fn document(&self) -> Value {
        json!({"data": {"type": self.r#type, "attributes": self.attributes}})
    }
}

pub(super) async fn world() -> (Server, Caller, Vec<Resource>) {
    let server = Server::fresh().await;
    let (ann, _) = ann_and(&server, &["bob"]).await;
    let resources = resources(&ann).await;
    (server, ann, resources)
}
