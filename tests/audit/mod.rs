//! What an auditor does, and what somebody tries to hide from one.

mod erasure;
mod keys;
mod naming;
mod tamper;
mod trail;
mod transfer;

use serde_json::{Value, json};

use crate::harness::{Installation, Server};

/// Ann and Bob have a chat in which three things were said.
async fn talk(server: &Server) -> Value {
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    for text in ["one", "two", "three"] {
        ann.say(&chat, text).await;
    }
    chat
}

/// The conversation's stream, as auditors name it.
fn stream(installation: &Installation) -> String {
    let created =
        installation.done(&["audit", "log", "--type", "ConversationCreated", "--format", "json"]);
    let event: Value = serde_json::from_str(created.lines().next().unwrap()).unwrap();
    event["aggregate_id"].as_str().unwrap().to_owned()
}
