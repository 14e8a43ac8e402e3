//! What a support desk needs before it is used.

use serde_json::{Value, json};

use crate::harness::{Answer, Caller, Server};

/// A path of the first account.
pub fn path(rest: &str) -> String {
    format!("/api/v1/accounts/1{rest}")
}

/// An inbox that the host system posts to.
pub async fn inbox(caller: &Caller, name: &str) -> Value {
    let body = json!({"name": name, "channel": {"type": "api"}});
    caller.post(&path("/inboxes"), body).await.expect(200)
}

/// Agents are known from their first request on.
pub async fn agents_arrive(server: &Server, uids: &[&str]) {
    for uid in uids {
        server.caller_with(uid, 1, "agent").get(&path("/agents")).await.expect(200);
    }
}

/// The number of an agent.
pub async fn agent_id(caller: &Caller, uid: &str) -> i64 {
    let agents = caller.get(&path("/agents")).await.expect(200);
    let name = uid[..1].to_uppercase() + &uid[1..];
    let mut agents = agents.as_array().unwrap().iter();
    agents.find(|agent| agent["name"] == name).unwrap()["id"].as_i64().unwrap()
}

/// Adds agents to an inbox.
pub async fn members(caller: &Caller, inbox: &Value, uids: &[&str]) {
    let mut ids = Vec::new();
    for uid in uids {
        ids.push(agent_id(caller, uid).await);
    }
    let body = json!({"inbox_id": inbox["id"], "user_ids": ids});
    caller.post(&path("/inbox_members"), body).await.expect(200);
}

/// A conversation with a contact in an inbox.
pub async fn conversation(caller: &Caller, inbox: &Value, contact: &Value) -> Value {
    let body = json!({"inbox_id": inbox["id"], "contact_id": contact["id"]});
    caller.post(&path("/conversations"), body).await.expect(200)
}

/// Status, text and refused fields of an error answer, whose shape is checked.
#[track_caller]
pub fn refusal(answer: &Answer) -> (u16, String, Value) {
    let body = &answer.body;
    assert_eq!(body["error"], body["message"], "{body}");
    let text = body["error"].as_str().unwrap().to_owned();
    (answer.status.as_u16(), text, body["attributes"].clone())
}
