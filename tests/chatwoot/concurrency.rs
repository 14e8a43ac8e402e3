//! Concurrent requests on two nodes (section 9.15).

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::desk::path;
use super::scene::{Scene, counts, list, of};
use crate::harness::{Caller, Installation, Server, send};

/// A support desk, a second node of it, and a caller of each node.
async fn two_nodes() -> (Scene, Server, [Caller; 2]) {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let other = installation.start();
    let callers = [scene.host.clone(), other.key()];
    (scene, other, callers)
}

/// Requests fifty conversations at once; returns the distinct numbers of those in the answers.
async fn fifty(callers: &[Caller; 2], body: impl Fn(usize) -> serde_json::Value) -> BTreeSet<i64> {
    let create = |number| {
        let (caller, body) = (&callers[number % 2], body(number));
        async move { caller.post(&path("/conversations"), body).await.expect(200) }
    };
    let made = join_all((0..50).map(create)).await;
    made.iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn fifty_conversations_have_fifty_numbers() {
    let (scene, _other, callers) = two_nodes().await;
    assert_eq!(fifty(&callers, |_| scene.body(json!({}))).await.len(), 50);
    assert_eq!(counts(&list(&scene.host, "").await), [0, 0, 50, 50]);
}

#[tokio::test]
async fn one_new_source_id_is_linked_once() {
    let (scene, _other, callers) = two_nodes().await;
    let made = fifty(&callers, |_| scene.body(json!({"source_id": "src-1"}))).await;
    assert_eq!(made.len(), 50);
    let contact = scene.host.get(&path(&format!("/contacts/{}", scene.contact["id"]))).await;
    let links = contact.expect(200)["payload"]["contact_inboxes"].clone();
    assert_eq!(links.as_array().map(Vec::len), Some(1), "{links}");
}

#[tokio::test]
async fn a_locked_inbox_has_one_conversation_with_all_messages() {
    let (scene, _other, callers) = two_nodes().await;
    let inbox = path(&format!("/inboxes/{}", scene.inbox["id"]));
    let locked = json!({"lock_to_single_conversation": true});
    send(scene.host.request(Method::PATCH, &inbox).json(&locked)).await.expect(200);
    let made = fifty(&callers, |number| {
        let message = json!({"content": number.to_string(), "message_type": "incoming"});
        scene.body(json!({"source_id": "src-1", "message": message}))
    });
    let made = made.await;
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(counts(&list(&scene.host, "status=all").await)[3], 1);
    assert_eq!(scene.get(*made.first().unwrap()).await["unread_count"], 50);
}

#[tokio::test]
async fn counts_add_up_after_fifty_changes_at_once() {
    let (scene, _other, callers) = two_nodes().await;
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(scene.conversation().await);
    }
    let change = |number: usize| {
        let statuses = ["open", "resolved", "pending", "snoozed"];
        let (caller, id) = (&callers[number % 2], all[number % 10]);
        let body = json!({"status": statuses[number % 4]});
        async move { caller.post(&of(id, "/toggle_status"), body).await.expect(200) }
    };
    join_all((0..50).map(change)).await;
    let mut sum = 0;
    for status in ["open", "resolved", "pending", "snoozed"] {
        let listed = list(&callers[1], &format!("status={status}")).await;
        assert_eq!(counts(&listed)[3], super::scene::ids(&listed).len() as i64, "{status}");
        sum += counts(&listed)[3];
    }
    assert_eq!((sum, counts(&list(&scene.host, "status=all").await)[3]), (10, 10));
}
