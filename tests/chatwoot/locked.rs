//! Inboxes with one conversation per contact (section 5, rule 5).

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::path;
use super::scene::{Scene, of};
use crate::harness::send;

async fn lock(scene: &Scene, is_locked: bool) {
    let path = path(&format!("/inboxes/{}", scene.inbox["id"]));
    let body = json!({"lock_to_single_conversation": is_locked});
    send(scene.host.request(Method::PATCH, &path).json(&body)).await.expect(200);
}

async fn again(scene: &Scene, further: Value) -> Value {
    let mut body = json!({"source_id": "src-1"});
    body.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    scene.create(body).await
}

#[tokio::test]
async fn the_one_conversation_is_found_again_and_the_message_appended() {
    let scene = Scene::new().await;
    lock(&scene, true).await;
    let first = again(&scene, json!({"priority": "low", "message": {"content": "One"}})).await;
    assert_eq!(first["priority"], "low");
    let second = again(
        &scene,
        json!({
            "priority": "urgent", "status": "nonsense", "assignee_id": 999_999,
            "message": {"content": "Two", "message_type": "incoming"},
        }),
    );
    let second = second.await;
    assert_eq!((&second["id"], &second["priority"]), (&first["id"], &json!("low")));
    assert_eq!(second["messages"][0]["content"], "Two");
    let plain = again(&scene, json!({})).await;
    assert_eq!(plain["messages"][0]["content"], "Two");
    let other = scene.create(json!({"source_id": "src-2"})).await;
    assert_ne!(other["id"], first["id"]);
}

#[tokio::test]
async fn the_newest_one_counts_when_an_inbox_is_locked_later() {
    let scene = Scene::new().await;
    again(&scene, json!({})).await;
    let newest = again(&scene, json!({})).await;
    lock(&scene, true).await;
    assert_eq!(again(&scene, json!({})).await["id"], newest["id"]);
    lock(&scene, false).await;
    assert_ne!(again(&scene, json!({})).await["id"], newest["id"]);
}

#[tokio::test]
async fn after_the_one_conversation_was_erased_there_is_another() {
    let scene = Scene::new().await;
    lock(&scene, true).await;
    let first = again(&scene, json!({})).await["id"].as_i64().unwrap();
    scene.host.delete(&of(first, "")).await.expect(200);
    let second = again(&scene, json!({"message": {"content": "Still there"}})).await;
    assert_ne!(second["id"], first);
    assert_eq!(again(&scene, json!({})).await["id"], second["id"]);
}

#[tokio::test]
async fn a_refused_message_makes_no_conversation() {
    let scene = Scene::new().await;
    lock(&scene, true).await;
    let body = scene.body(json!({"source_id": "src-1", "message": {"content": "\n"}}));
    scene.host.post(&path("/conversations"), body).await.expect(422);
    let listed = scene.host.get(&path("/conversations?status=all")).await.expect(200);
    assert_eq!(listed["data"]["payload"], json!([]));
}
