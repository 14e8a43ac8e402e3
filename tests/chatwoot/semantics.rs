//! What follows from messages and changes (section 7), each rule by itself.

use serde_json::{Value, json};

use super::scene::{Scene, of, patch};
use crate::harness::Caller;

async fn post(caller: &Caller, id: i64, body: Value) -> Value {
    caller.post(&of(id, "/messages"), body).await.expect(200)
}

#[tokio::test]
async fn the_contact_waits_from_the_first_message_to_the_answer() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let id = scene.conversation().await;
    let created = scene.get(id).await["waiting_since"].clone();
    scene.incoming(id, "Hello?").await;
    assert_eq!(scene.get(id).await["waiting_since"], created, "it goes on");
    post(&ann, id, json!({"content": "Yes?"})).await;
    assert_eq!(scene.get(id).await["waiting_since"], 0);
    let asked = scene.incoming(id, "And?").await;
    assert_eq!(scene.get(id).await["waiting_since"], asked["created_at"]);
}

#[tokio::test]
async fn the_first_public_answer_of_a_person_is_the_first_reply() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let bot = scene.server.caller_with("robot", 1, "bot");
    let id = scene.conversation().await;
    let waiting = scene.get(id).await["waiting_since"].clone();
    post(&ann, id, json!({"content": "a note", "private": true})).await;
    post(&bot, id, json!({"content": "beep"})).await;
    post(&scene.host, id, json!({"content": "We are closed."})).await;
    let now = scene.get(id).await;
    assert_eq!((&now["first_reply_created_at"], &now["waiting_since"]), (&json!(0), &waiting));
    let first = post(&ann, id, json!({"content": "Hello"})).await;
    post(&ann, id, json!({"content": "Hello again"})).await;
    assert_eq!(scene.get(id).await["first_reply_created_at"], first["created_at"]);
}

#[tokio::test]
async fn resolving_ends_the_wait() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    scene.host.post(&of(id, "/toggle_status"), json!({})).await.expect(200);
    assert_eq!(scene.get(id).await["waiting_since"], 0);
}

#[tokio::test]
async fn only_messages_are_activity() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let team = scene.team("helpers", &[]).await;
    let (quiet, active) = (scene.conversation().await, scene.conversation().await);
    post(&ann, active, json!({"content": "a note", "private": true})).await;
    let before = scene.get(quiet).await;
    let body = json!({"status": "pending", "priority": "low", "assignee_id": ann_id});
    patch(&ann, quiet, body).await.expect(200);
    patch(&ann, quiet, json!({"team_id": team})).await.expect(200);
    ann.post(&of(quiet, "/labels"), json!({"labels": ["a"]})).await.expect(200);
    let after = scene.get(quiet).await;
    assert_eq!(after["last_activity_at"], before["last_activity_at"]);
    assert!(after["updated_at"].as_f64() > before["updated_at"].as_f64());
    let listed = super::scene::list(&ann, "status=all").await;
    assert_eq!(super::scene::ids(&listed), [active, quiet]);
}

#[tokio::test]
async fn a_new_team_alone_takes_the_conversation_from_an_agent_outside_it() {
    let scene = Scene::new().await;
    let (_, ann) = scene.agent("ann").await;
    let (with, without) = (scene.team("with", &[ann]).await, scene.team("without", &[]).await);
    let id = scene.create(json!({"assignee_id": ann})).await["id"].as_i64().unwrap();
    let assignee = async || scene.get(id).await["meta"]["assignee"]["id"].clone();
    scene.host.post(&of(id, "/assignments"), json!({"team_id": with})).await.expect(200);
    assert_eq!(assignee().await, ann);
    scene.host.post(&of(id, "/assignments"), json!({"team_id": null})).await.expect(200);
    assert_eq!(assignee().await, ann);
    scene.host.post(&of(id, "/assignments"), json!({"team_id": without})).await.expect(200);
    assert_eq!(assignee().await, Value::Null);
    // A team that is given together with an agent does not.
    let both = json!({"team_id": with, "assignee_id": ann});
    patch(&scene.host, id, both).await.expect(200);
    let both = json!({"team_id": without, "assignee_id": ann});
    patch(&scene.host, id, both).await.expect(200);
    assert_eq!(assignee().await, ann);
}

#[tokio::test]
async fn support_conversations_are_on_no_other_surface_and_others_not_here() {
    let scene = Scene::new().await;
    let ann = scene.server.caller_with("ann", 1, "administrator");
    let id = scene.conversation().await;
    scene.incoming(id, "Hello?").await;
    scene.server.caller("bob").arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.get(&of(chat["id"].as_i64().unwrap(), "")).await.expect(404);
    assert_eq!(super::scene::ids(&super::scene::list(&ann, "status=all").await), [id]);
    ann.get(&format!("/api/conversations/{id}")).await.expect(404);
    let listed = ann.get("/api/conversations").await.expect(200);
    assert_eq!(listed["count"], 1);
}
