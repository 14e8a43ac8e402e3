//! The Weavy dialect, rule by rule.

mod apps;
mod at_once;
mod autocomplete;
mod badge;
mod client;
mod create;
mod errors;
mod list;
mod mark;
mod members;
mod messages;
mod own_state;
mod paging;
mod pin;
mod trash;
mod users;
mod walk;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server, send};

/// Users who have been registered, in this order.
async fn arrived<const N: usize>(server: &Server, uids: [&str; N]) -> [Caller; N] {
    let callers = uids.map(|uid| server.caller(uid));
    for caller in &callers {
        caller.arrive().await;
    }
    callers
}

/// The path of a conversation, and what is below it.
fn app(conversation: &Value, below: &str) -> String {
    format!("/api/apps/{}{below}", conversation["id"])
}

fn conversation(conversation: &Value, below: &str) -> String {
    format!("/api/conversations/{}{below}", conversation["id"])
}

/// One property of each item.
fn each(page: &Value, property: &str) -> Vec<Value> {
    page["data"].as_array().unwrap().iter().map(|item| item[property].clone()).collect()
}

impl Caller {
    async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    async fn delete_with(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::DELETE, path).json(&body)).await
    }

    /// Without a body.
    async fn bare_post(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    /// A property of each conversation in a list.
    async fn listed(&self, query: &str, property: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/conversations{query}")).await.expect(200);
        each(&page, property)
    }
}

/// The tests of other dialects use these, too.
impl Caller {
    /// Registers the user; returns their number.
    pub async fn arrive(&self) -> i64 {
        self.get("/api/user").await.expect(200)["id"].as_i64().unwrap()
    }

    pub async fn create(&self, members: Value) -> Value {
        self.post("/api/conversations", json!({ "members": members })).await.expect(201)
    }

    pub async fn say(&self, conversation: &Value, text: &str) -> i64 {
        let path = format!("/api/apps/{}/messages", conversation["id"]);
        let body = self.post(&path, json!({ "text": text })).await.expect(200);
        body["id"].as_i64().unwrap()
    }
}
