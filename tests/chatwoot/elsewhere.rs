//! Support conversations are for agents: the other surfaces know nothing of them (section 7).

use serde_json::{Value, json};

use super::scene::{Scene, of};
use crate::harness::Caller;

/// Everything that a caller is shown on the other surfaces.
async fn shown(caller: &Caller) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/api/conversations?trashed=null",
        "/api/conversations?unread=true",
        "/api/conversations?q=ana",
        "/api/conversations/badge",
        "/api/users/autocomplete?q=ana",
        "/v1/conversations",
        "/v1/groups",
        "/v1/contacts",
        "/api/v1/chats",
        "/api/v1/chats?include=last_message",
        "/api/v1/chat_memberships",
        "/api/v1/direct_conversations",
        "/api/v1/bookmarks",
    ] {
        let answer = caller.get(path).await;
        all.push(json!([path, answer.status.as_u16(), answer.body]));
    }
    all
}

#[tokio::test]
async fn no_other_surface_shows_counts_or_finds_what_agents_have() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let bob = scene.server.caller("bob");
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    bob.say(&chat, "hi").await;
    let before = shown(&ann).await;
    assert!(before[0][2]["count"] == 1 && before[3][2]["private"] == 1, "{before:?}");

    let made = scene.create(json!({"assignee_id": ann_id})).await;
    let id = made["id"].as_i64().unwrap();
    let message = scene.incoming(id, "hi from ana").await;
    assert_eq!(shown(&ann).await, before);
    let uuid = made["uuid"].as_str().unwrap();
    for caller in [&ann, &scene.server.caller_with("boss", 1, "administrator"), &scene.host] {
        for path in [
            format!("/api/conversations/{id}"),
            format!("/api/apps/{id}"),
            format!("/api/apps/{id}/messages"),
            format!("/api/apps/{id}/members"),
            format!("/api/messages/{}", message["id"]),
        ] {
            assert_eq!(caller.get(&path).await.status, 404, "{path}");
        }
        assert_eq!(caller.delete(&format!("/api/apps/{id}")).await.status, 404);
    }
    for path in [
        format!("/api/v1/chats/{uuid}"),
        format!("/api/v1/chats/{uuid}/messages"),
        format!("/v1/messages?conversation_id={uuid}"),
    ] {
        assert_eq!(ann.get(&path).await.status, 404, "{path}");
    }
    ann.get(&of(id, "")).await.expect(200);
}
