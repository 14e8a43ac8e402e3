//! What agents have seen (sections 6 and 7).

use serde_json::json;

use super::scene::{Scene, of};

#[tokio::test]
async fn the_true_number_of_unseen_incoming_messages_is_told() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let id = scene.conversation().await;
    for number in 1..=12 {
        scene.incoming(id, "Hello?").await;
        assert_eq!(scene.get(id).await["unread_count"], number);
    }
    ann.post(&of(id, "/messages"), json!({"content": "Yes?"})).await.expect(200);
    assert_eq!(scene.get(id).await["unread_count"], 12, "only what comes in");
    let seen = ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    assert_eq!(seen["unread_count"], 0);
    assert!(seen["agent_last_seen_at"].as_i64() >= seen["last_activity_at"].as_i64());
    scene.incoming(id, "And?").await;
    assert_eq!(scene.get(id).await["unread_count"], 1);
}

#[tokio::test]
async fn the_assignee_has_a_marker_beside_that_of_all() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let (bob, _) = scene.agent("bob").await;
    let id = scene.create(json!({"assignee_id": ann_id})).await["id"].as_i64().unwrap();
    let seen = bob.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    assert!(seen["agent_last_seen_at"].as_i64() > Some(0));
    assert_eq!(seen["assignee_last_seen_at"], 0);
    let seen = ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    assert_eq!(seen["assignee_last_seen_at"], seen["agent_last_seen_at"]);
    let host = scene.host.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    assert_eq!(host["assignee_last_seen_at"], seen["assignee_last_seen_at"]);
}

#[tokio::test]
async fn unread_is_from_the_newest_incoming_message_on() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let id = scene.create(json!({"assignee_id": ann_id})).await["id"].as_i64().unwrap();
    ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    let unread = ann.post(&of(id, "/unread"), json!({})).await.expect(200);
    assert_eq!((&unread["agent_last_seen_at"], &unread["unread_count"]), (&json!(0), &json!(0)));
    assert_eq!(unread["assignee_last_seen_at"], 0);
    let newest = scene.incoming(id, "Hello?").await["created_at"].as_i64().unwrap();
    ann.post(&of(id, "/update_last_seen"), json!({})).await.expect(200);
    let unread = ann.post(&of(id, "/unread"), json!({})).await.expect(200);
    assert_eq!(unread["agent_last_seen_at"], newest - 1);
    assert_eq!(unread["assignee_last_seen_at"], newest - 1);
    assert_eq!(unread["unread_count"], 1);
}
