//! Muting, for all agents and with or without an end (section 6, and section 7).

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::desk::path;
use super::scene::{Scene, of};
use crate::harness::{Installation, send, wait_until};

#[tokio::test]
async fn a_muted_conversation_is_resolved_and_stays_so_whatever_comes_in() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let (bob, _) = scene.agent("bob").await;
    let id = scene.conversation().await;
    for _ in 0..2 {
        assert_eq!(ann.post(&of(id, "/mute"), json!({})).await.expect(200), "");
        let now = bob.get(&of(id, "")).await.expect(200);
        assert_eq!((&now["muted"], &now["status"]), (&json!(true), &json!("resolved")));
    }
    scene.incoming(id, "Hello?").await;
    assert_eq!(scene.get(id).await["status"], "resolved");
    assert_eq!(scene.get(id).await["unread_count"], 1);
    for _ in 0..2 {
        assert_eq!(bob.post(&of(id, "/unmute"), json!({})).await.expect(200), "");
        let now = scene.get(id).await;
        assert_eq!((&now["muted"], &now["status"]), (&json!(false), &json!("resolved")));
    }
    scene.incoming(id, "Hello?").await;
    assert_eq!(scene.get(id).await["status"], "open");
    // Another conversation of the same contact is not muted.
    let other = scene.conversation().await;
    ann.post(&of(id, "/mute"), json!({})).await.expect(200);
    assert_eq!(scene.get(other).await["muted"], false);
}

#[tokio::test]
async fn a_mute_with_an_end_comes_to_it() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let (soon, later) = (scene.conversation().await, scene.conversation().await);
    let until = DateTime::<Utc>::from(std::time::SystemTime::now()) + TimeDelta::seconds(1);
    let iso = json!({"until": until.to_rfc3339()});
    ann.post(&of(soon, "/mute"), iso).await.expect(200);
    ann.post(&of(later, "/mute"), json!({"until": "4000000000"})).await.expect(200);
    wait_until("the mute ends", async || scene.get(soon).await["muted"] == false).await;
    assert_eq!(scene.get(later).await["muted"], true);
    for (id, status) in [(soon, "open"), (later, "resolved")] {
        scene.incoming(id, "Hello?").await;
        assert_eq!(scene.get(id).await["status"], status);
    }
    ann.post(&of(later, "/mute"), json!({"until": "tomorrow"})).await.expect(422);
}

#[tokio::test]
async fn a_mute_is_over_at_its_end_and_not_when_that_is_recorded() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    for _ in 0..10 {
        let id = scene.conversation().await;
        ann.post(&of(id, "/mute"), json!({"until": 1})).await.expect(200);
        scene.incoming(id, "Hello?").await;
        assert_eq!(scene.get(id).await["status"], "open");
    }
}

/// Whatever the order of both: before the mute, the message is in what is resolved then, and behind
/// it, it opens nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_and_a_mute_at_the_same_moment_do_not_leave_it_open_and_muted() {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let lock = json!({"lock_to_single_conversation": true});
    let inbox = path(&format!("/inboxes/{}", scene.inbox["id"]));
    send(scene.host.request(Method::PATCH, &inbox).json(&lock)).await.expect(200);
    let second = installation.start();
    let hosts = [scene.host.clone(), second.key()];
    for round in 0..6 {
        let source_id = format!("src-{round}");
        let status = ["open", "resolved", "snoozed"][round % 3];
        let made = scene.create(json!({"source_id": source_id, "status": status})).await;
        let id = made["id"].as_i64().unwrap();
        let message = json!({"content": "Hello?", "message_type": "incoming"});
        let calls = (0..8).map(|caller| {
            let (path, body) = match caller % 4 {
                0 | 2 => (of(id, "/messages"), message.clone()),
                1 => (of(id, "/mute"), json!({})),
                _ => (path("/conversations"), json!({"source_id": source_id, "message": message})),
            };
            let request = hosts[caller / 4].request(Method::POST, &path).json(&body);
            // The position has the other node wait until it knows of the conversation.
            send(request.header("Colloquy-Position", id))
        });
        let mut newest = 0;
        for answer in join_all(calls).await {
            let position = answer.headers["colloquy-position"].to_str().unwrap().parse().unwrap();
            newest = i64::max(newest, position);
            answer.expect(200);
        }
        let request = scene.host.request(Method::GET, &of(id, ""));
        let now = send(request.header("Colloquy-Position", newest)).await.expect(200);
        assert_eq!((&now["muted"], &now["status"]), (&json!(true), &json!("resolved")), "{round}");
        assert_eq!(now["unread_count"], 6);
    }
}
