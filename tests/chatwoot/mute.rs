//! Muting, for all agents and with or without an end (section 6, and section 7).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::scene::{Scene, of};
use crate::harness::wait_until;

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
