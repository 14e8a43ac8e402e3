//! What one account does is not visible in any number that another account sees.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Server, send};

/// Does the same things in an account; returns all answers, without random values and times.
async fn act(
    server: &Server,
    account: i64,
    between: impl AsyncFn(),
) -> Vec<(Value, Option<String>)> {
    let ann = server.caller_with("ann", account, "administrator");
    let bob = server.caller_with("bob", account, "member");
    bob.arrive().await;
    let mut answers = Vec::new();
    let mut ask = async |caller: &Caller, method: Method, path: &str, body: Option<Value>| {
        between().await;
        let mut request = caller.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = send(request).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.body);
        // An auditor's own reading is recorded, and the answer may or may not reflect it yet.
        let is_settled = !path.starts_with("/audit");
        let position = answer.headers.get("colloquy-position").filter(|_| is_settled);
        let position = position.map(|value| value.to_str().unwrap().to_owned());
        answers.push((numbers(&answer.body), position));
        answer.body
    };
    let chat =
        ask(&ann, Method::POST, "/api/conversations", Some(json!({"members": ["bob"]}))).await;
    let number = &chat["id"];
    let messages = format!("/api/apps/{number}/messages");
    for text in ["one", "two"] {
        ask(&bob, Method::POST, &messages, Some(json!({ "text": text }))).await;
    }
    ask(&ann, Method::GET, &messages, None).await;
    ask(&ann, Method::PUT, &format!("/api/conversations/{number}/mark"), None).await;
    ask(&ann, Method::GET, "/api/conversations", None).await;
    ask(&ann, Method::GET, "/api/conversations/badge", None).await;
    let listed = ask(&ann, Method::GET, "/api/v1/chats", None).await;
    let uuid = listed["data"][0]["id"].as_str().unwrap().to_owned();
    let trail = format!("/audit/conversations/{uuid}");
    ask(&ann, Method::GET, &format!("{trail}/events?limit=2"), None).await;
    ask(&ann, Method::GET, &format!("{trail}/events?after=4"), None).await;
    ask(&ann, Method::GET, &format!("{trail}/state"), None).await;
    ask(&ann, Method::GET, &format!("{trail}/state?at=4"), None).await;
    ask(&ann, Method::GET, &format!("{trail}/diff?from=3"), None).await;
    answers
}

/// Every integer of an answer, where it is.
fn numbers(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number),
        Value::Array(items) => items.iter().map(numbers).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.clone(), numbers(value))).collect()
        }
        _ => Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_neighbour_changes_no_number_that_an_account_sees() {
    let quiet = Server::fresh().await;
    let alone = act(&quiet, 1, async || {}).await;

    let busy = Server::fresh().await;
    let eve = busy.caller_with("eve", 2, "member");
    busy.caller_with("bob", 2, "member").arrive().await;
    let chat = eve.create(json!(["bob"])).await;
    let beside = act(&busy, 1, async || {
        eve.say(&chat, "noise").await;
    })
    .await;
    assert_eq!(beside, alone);
}
