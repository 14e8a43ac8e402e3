mod bookmark;
mod chats;
mod create;
mod list;
mod resources;
mod rules;
mod walk;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server, send};

pub const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A request with a document of one resource.
pub async fn submit(
    caller: &Caller,
    method: Method,
    path: &str,
    r#type: &str,
    attributes: Value,
) -> Answer {
    let document = json!({"data": {"type": r#type, "attributes": attributes}});
    submit_document(caller, method, path, document).await
}

pub async fn submit_document(
    caller: &Caller,
    method: Method,
    path: &str,
    document: Value,
) -> Answer {
    let request = caller.request(method, &format!("/api/v1{path}"));
    let request = request.header("Content-Type", MEDIA_TYPE).body(document.to_string());
    send(request).await
}

pub async fn get(caller: &Caller, path: &str) -> Answer {
    caller.get(&format!("/api/v1{path}")).await
}

/// The UUID of a registered user, by uid.
pub async fn user(caller: &Caller, uid: &str) -> String {
    let found = get(caller, &format!("/users?filter[username]={uid}")).await.expect(200);
    id(&found["data"][0]).to_owned()
}

pub fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

pub fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["data"].as_array().unwrap().iter().map(|one| id(one).to_owned()).collect()
}

/// The direct conversation with somebody.
pub async fn direct(caller: &Caller, uid: &str) -> Value {
    let attributes = json!({"user_id": user(caller, uid).await});
    let path = "/direct_conversations";
    let answer = submit(caller, Method::POST, path, "direct_conversation", attributes).await;
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.body["data"].clone()
}

pub async fn say(caller: &Caller, chat: &str, content: &str) -> Value {
    let path = format!("/chats/{chat}/messages");
    let answer =
        submit(caller, Method::POST, &path, "message", json!({ "content": content })).await;
    answer.expect(201)["data"].clone()
}

/// Ann, and others, all registered.
pub async fn ann_and(server: &Server, others: &[&str]) -> (Caller, Vec<Caller>) {
    let ann = server.caller("ann");
    ann.arrive().await;
    let mut callers = Vec::new();
    for uid in others {
        let caller = server.caller(uid);
        caller.arrive().await;
        callers.push(caller);
    }
    (ann, callers)
}

/// Status, code and source of the first error, in a document whose shape is checked.
#[track_caller]
pub fn error(answer: &Answer) -> (u16, String, Value) {
    assert_eq!(answer.headers["content-type"], MEDIA_TYPE, "{}", answer.body);
    assert_eq!(answer.body["jsonapi"], json!({"version": "1.1"}));
    assert!(answer.body.get("data").is_none());
    let error = &answer.body["errors"][0];
    let status = answer.status.as_u16();
    assert_eq!(error["status"], status.to_string(), "{}", answer.body);
    assert!(error["title"].is_string());
    (status, error["code"].as_str().unwrap().to_owned(), error["source"].clone())
}
