//! A support desk with an inbox and a contact, and actions that many tests need.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{agent_id, agents_arrive, inbox, members, path};
use crate::harness::{Answer, Caller, Installation, Server, send};

pub struct Scene {
    pub server: Server,
    pub host: Caller,
    pub inbox: Value,
    pub contact: Value,
}

impl Scene {
    pub async fn new() -> Self {
        Self::on(&Installation::new().await).await
    }

    pub async fn on(installation: &Installation) -> Self {
        let server = installation.start();
        let host = server.key();
        let inbox = inbox(&host, "front desk").await;
        let body = json!({ "name": "Ana", "email": "ana@example.com" });
        let made = host.post(&path("/contacts"), body).await.expect(200);
        let contact = made["payload"]["contact"].clone();
        Self { server, host, inbox, contact }
    }

    /// An agent who is in the inbox, and their number.
    pub async fn agent(&self, uid: &str) -> (Caller, i64) {
        let (agent, id) = self.outsider(uid).await;
        members(&self.host, &self.inbox, &[uid]).await;
        (agent, id)
    }

    /// An agent who is in no inbox, and their number.
    pub async fn outsider(&self, uid: &str) -> (Caller, i64) {
        agents_arrive(&self.server, &[uid]).await;
        (self.server.caller_with(uid, 1, "agent"), agent_id(&self.host, uid).await)
    }

    /// The body that creates a conversation in the inbox with the contact, with further fields.
    pub fn body(&self, further: Value) -> Value {
        let mut body = json!({ "inbox_id": self.inbox["id"], "contact_id": self.contact["id"] });
        body.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        body
    }

    /// Creates a conversation with further fields; returns it whole.
    pub async fn create(&self, further: Value) -> Value {
        self.host.post(&path("/conversations"), self.body(further)).await.expect(200)
    }

    /// Creates a plain conversation; returns its number.
    pub async fn conversation(&self) -> i64 {
        self.create(json!({})).await["id"].as_i64().unwrap()
    }

    pub async fn get(&self, id: i64) -> Value {
        self.host.get(&of(id, "")).await.expect(200)
    }

    pub async fn incoming(&self, id: i64, text: &str) -> Value {
        let body = json!({ "content": text, "message_type": "incoming" });
        self.host.post(&of(id, "/messages"), body).await.expect(200)
    }

    pub async fn team(&self, name: &str, members: &[i64]) -> i64 {
        let team = self.host.post(&path("/teams"), json!({ "name": name })).await.expect(200);
        let users = json!({ "user_ids": members });
        let path = path(&format!("/teams/{}/team_members", team["id"]));
        self.host.post(&path, users).await.expect(200);
        team["id"].as_i64().unwrap()
    }
}

/// A path of a conversation.
pub fn of(id: i64, rest: &str) -> String {
    path(&format!("/conversations/{id}{rest}"))
}

pub async fn patch(caller: &Caller, id: i64, body: Value) -> Answer {
    send(caller.request(Method::PATCH, &of(id, "")).json(&body)).await
}

/// The `data` of a list.
pub async fn list(caller: &Caller, query: &str) -> Value {
    let listed = caller.get(&path(&format!("/conversations?{query}"))).await;
    let listed = listed.expect(200)["data"].clone();
    let counted = caller.get(&path(&format!("/conversations/meta?{query}"))).await.expect(200);
    assert_eq!(counted, json!({ "meta": listed["meta"] }), "{query}");
    let [mine, assigned, unassigned, all] = counts(&listed);
    assert_eq!(all, assigned + unassigned, "{query}");
    assert!(mine <= assigned, "{query}");
    listed
}

/// The counts of the caller's own, of assigned, of unassigned, and of all.
pub fn counts(listed: &Value) -> [i64; 4] {
    ["mine_count", "assigned_count", "unassigned_count", "all_count"]
        .map(|name| listed["meta"][name].as_i64().unwrap())
}

pub fn ids(listed: &Value) -> Vec<i64> {
    listed["payload"].as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

/// The fields of a query that are refused.
#[track_caller]
pub fn bad_fields(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body["description"].is_string());
    let errors = answer.body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
}
