//! What auditors do, and how tampering is found.

mod erasure;
mod keys;
mod naming;
mod tamper;
mod trail;
mod transfer;

use serde_json::{Value, json};

use crate::harness::{Installation, Server};

/// Ann and Bob have a chat with three messages.
async fn talk(server: &Server) -> Value {
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    for text in ["one", "two", "three"] {
        ann.say(&chat, text).await;
    }
    chat
}

/// The id of the conversation's stream, as auditors name it.
fn stream(installation: &Installation) -> String {
    let created =
        installation.done(&["audit", "log", "--type", "ConversationCreated", "--format", "json"]);
    let event: Value = serde_json::from_str(created.lines().next().unwrap()).unwrap();
    event["aggregate_id"].as_str().unwrap().to_owned()
}
