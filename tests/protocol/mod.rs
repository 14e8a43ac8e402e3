mod create;
mod curl;
mod delete;
mod errors;
mod groups;
mod list;
mod messages;
mod mute;
mod read;
mod update;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Caller, Server};

/// Ann and Bob, who are both registered.
pub async fn pair(server: &Server) -> (Caller, Caller) {
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    ann.arrive().await;
    bob.arrive().await;
    (ann, bob)
}

pub fn path(object: &Value) -> String {
    format!("/v1/conversations/{}", id(object))
}

pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// The private chat with somebody.
pub async fn chat(caller: &Caller, contact: &str) -> Value {
    let answer = caller.post("/v1/conversations", json!({ "contact_id": contact })).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.body
}

/// Posts a message to it.
pub async fn say(caller: &Caller, conversation: &Value, text: &str) -> Value {
    let body = json!({"conversation_id": conversation["id"], "message": text});
    caller.post("/v1/messages", body).await.expect(201)
}

pub async fn get(caller: &Caller, conversation: &Value) -> Value {
    caller.get(&path(conversation)).await.expect(200)
}

/// The public id of the same conversation on the Weavy dialect.
pub async fn weavy_id(caller: &Caller, conversation: &Value) -> i64 {
    let listed = caller.get("/api/conversations?top=100").await.expect(200);
    let created_at = conversation["created_at"].as_i64().unwrap();
    let found = listed["data"].as_array().unwrap().iter().find(|one| {
        let at: chrono::DateTime<chrono::Utc> =
            one["created_at"].as_str().unwrap().parse().unwrap();
        at.timestamp() == created_at
            && one["user_id"].is_number() == conversation["contact_id"].is_string()
    });
    found.unwrap()["id"].as_i64().unwrap()
}

pub fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.body["data"].as_array().unwrap();
    items.iter().map(|item| id(item).to_owned()).collect()
}

pub fn uuid(id: &str) -> Uuid {
    let digit = |c: char| match c {
        '0'..='9' => u128::from(c) - u128::from('0'),
        'A'..='Z' => u128::from(c) - u128::from('A') + 10,
        _ => u128::from(c) - u128::from('a') + 36,
    };
    Uuid::from_u128(id.chars().fold(0, |number, c| number * 62 + digit(c)))
}
