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
    let newer = again(&scene, json!({})).await;
    assert_ne!(newer["id"], newest["id"]);
    lock(&scene, true).await;
    assert_eq!(again(&scene, json!({})).await["id"], newer["id"]);
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
async fn what_is_refused_leaves_neither_a_conversation_nor_a_link() {
    let scene = Scene::new().await;
    lock(&scene, true).await;
    let (contact, inbox) = (&scene.contact["id"], &scene.inbox["id"]);
    let links = async || {
        let contact = scene.host.get(&path(&format!("/contacts/{contact}"))).await.expect(200);
        contact["payload"]["contact_inboxes"].clone()
    };
    let before = links().await;
    for (further, status) in [
        (json!({"message": {"content": "\n"}}), 422),
        (json!({"message": {"content": "x".repeat(150_001)}}), 422),
        (json!({"assignee_id": 999_999}), 404),
        (json!({"custom_attributes": {"a": ["x".repeat(1_501)]}}), 422),
    ] {
        let mut body = json!({"inbox_id": inbox, "contact_id": contact, "source_id": "new"});
        body.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        scene.host.post(&path("/conversations"), body).await.expect(status);
        assert_eq!(links().await, before);
    }
    let listed = scene.host.get(&path("/conversations?status=all")).await.expect(200);
    assert_eq!(listed["data"]["payload"], json!([]));
}
