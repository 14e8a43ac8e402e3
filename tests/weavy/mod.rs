//! The Weavy dialect, rule by rule.

mod badge;
mod create;
mod errors;
mod list;
mod mark;
mod messages;
mod pin;
mod users;

use serde_json::{Value, json};

use crate::harness::Caller;

/// What the tests of other dialects start from, too.
impl Caller {
    /// Makes the user known, and tells their number.
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
