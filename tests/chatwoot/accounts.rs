//! Two accounts do not see each other, and erased conversations are gone (sections 7 and 9.14).

use serde_json::{Value, json};

use super::scene::{Scene, counts, ids, list, of};
use crate::harness::Caller;

/// A path of the second account.
fn other(rest: &str) -> String {
    format!("/api/v1/accounts/2{rest}")
}

async fn post(caller: &Caller, rest: &str, body: Value) -> Value {
    caller.post(&other(rest), body).await.expect(200)
}

#[tokio::test]
async fn accounts_with_the_same_names_know_nothing_of_each_other() {
    let scene = Scene::new().await;
    let team = scene.team("helpers", &[]).await;
    let mine = scene.create(json!({"source_id": "src-1", "team_id": team})).await;
    let id = mine["id"].as_i64().unwrap();
    scene.host.post(&of(id, "/labels"), json!({"labels": ["a"]})).await.expect(200);
    let stranger = scene.server.caller_with("host", 2, "service");
    let search = |query: &str| other(&format!("/conversations?{query}"));
    let create = async |body: Value| stranger.post(&other("/conversations"), body).await;
    // Nothing of the first account is found in the second, whatever is searched for.
    for query in ["status=all", "labels=a", "source_id=src-1", "q=hello&status=all"] {
        let listed = stranger.get(&search(query)).await.expect(200)["data"].clone();
        assert_eq!((ids(&listed), counts(&listed)), (vec![], [0; 4]), "{query}");
    }
    let listed = stranger.get(&search(&format!("inbox_id={}", scene.inbox["id"]))).await;
    assert_eq!(counts(&listed.expect(200)["data"]), [0; 4]);
    stranger.get(&search(&format!("team_id={team}"))).await.expect(404);
    stranger.get(&other(&format!("/conversations/{id}"))).await.expect(404);
    create(scene.body(json!({}))).await.expect(404);
    create(json!({"source_id": "src-1"})).await.expect(404);
    // The same names are free in the second account.
    let inbox =
        post(&stranger, "/inboxes", json!({"name": "front desk", "channel": {"type": "api"}}))
            .await;
    let contact =
        post(&stranger, "/contacts", json!({"name": "Ana", "email": "ana@example.com"})).await;
    post(&stranger, "/teams", json!({"name": "helpers"})).await;
    let body = json!({
        "inbox_id": inbox["id"], "contact_id": contact["payload"]["contact"]["id"],
        "source_id": "src-1", "custom_attributes": {"a": 2},
    });
    let theirs = create(body).await.expect(200);
    let found = create(json!({"source_id": "src-1"})).await.expect(200);
    assert_eq!(found["account_id"], 2);
    assert_eq!(theirs["inbox_id"], inbox["id"]);
    assert_eq!(ids(&list(&scene.host, "source_id=src-1").await), [id]);
}

#[tokio::test]
async fn an_erased_conversation_is_nowhere_and_not_counted() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let gone = scene.create(json!({"assignee_id": ann_id, "source_id": "src-1"})).await;
    let gone = gone["id"].as_i64().unwrap();
    let message = scene.incoming(gone, "hello").await["id"].clone();
    let left = scene.conversation().await;
    assert_eq!(counts(&list(&ann, "").await), [1, 1, 1, 2]);
    assert_eq!(scene.host.delete(&of(gone, "")).await.expect(200), "");
    for query in ["", "status=all", "q=hello", "source_id=src-1", "assignee_type=me"] {
        let listed = list(&ann, query).await;
        assert!(!ids(&listed).contains(&gone), "{query}");
    }
    assert_eq!(counts(&list(&ann, "").await), [0, 0, 1, 1]);
    assert_eq!(ids(&list(&ann, "").await), [left]);
    scene.host.delete(&of(gone, "")).await.expect(404);
    for rest in ["", "/labels", "/messages"] {
        scene.host.get(&of(gone, rest)).await.expect(404);
    }
    for rest in ["/toggle_status", "/mute", "/unread", "/update_last_seen", "/assignments"] {
        scene.host.post(&of(gone, rest), json!({})).await.expect(404);
    }
    scene.host.delete(&of(gone, &format!("/messages/{message}"))).await.expect(404);
}
