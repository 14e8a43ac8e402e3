//! Changing several things at once (section 6, PATCH), and the priority.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::refusal;
use super::scene::{Scene, of, patch};
use crate::harness::send;

#[tokio::test]
async fn each_field_is_set_and_null_clears() {
    let scene = Scene::new().await;
    let (_, ann) = scene.agent("ann").await;
    let team = scene.team("helpers", &[ann]).await;
    let id = scene.conversation().await;
    let meta = |of: &Value, name: &str| of["meta"][name]["id"].clone();
    for (body, wanted) in [
        (json!({"priority": "high"}), ("open", json!("high"), Value::Null, Value::Null)),
        (json!({"assignee_id": ann.to_string()}), ("open", json!("high"), json!(ann), Value::Null)),
        (json!({"team_id": team}), ("open", json!("high"), json!(ann), json!(team))),
        (json!({"status": "pending"}), ("pending", json!("high"), json!(ann), json!(team))),
        (json!({"status": null, "x": 1}), ("pending", json!("high"), json!(ann), json!(team))),
        (json!({}), ("pending", json!("high"), json!(ann), json!(team))),
        (json!({"priority": null}), ("pending", Value::Null, json!(ann), json!(team))),
        (json!({"team_id": null}), ("pending", Value::Null, json!(ann), Value::Null)),
        (json!({"assignee_id": null}), ("pending", Value::Null, Value::Null, Value::Null)),
        (
            json!({"priority": "low", "status": "snoozed", "assignee_id": ann, "team_id": team}),
            ("snoozed", json!("low"), json!(ann), json!(team)),
        ),
    ] {
        let now = patch(&scene.host, id, body.clone()).await.expect(200);
        let (status, priority, assignee, team) = wanted;
        assert_eq!((&now["status"], &now["priority"]), (&json!(status), &priority), "{body}");
        assert_eq!((meta(&now, "assignee"), meta(&now, "team")), (assignee, team), "{body}");
        assert_eq!(now, scene.get(id).await);
    }
    let put = scene.host.request(Method::PUT, &of(id, "")).json(&json!({"priority": "urgent"}));
    assert_eq!(send(put).await.expect(200)["priority"], "urgent");
}

#[tokio::test]
async fn with_one_bad_field_nothing_changes() {
    let scene = Scene::new().await;
    let id = scene.create(json!({"priority": "low"})).await["id"].as_i64().unwrap();
    let before = scene.get(id).await;
    for (body, status) in [
        (json!({"priority": "high", "status": "closed"}), 422),
        (json!({"status": "resolved", "priority": "asap"}), 422),
        (json!({"status": "snoozed", "snoozed_until": "soon", "priority": "high"}), 422),
        (json!({"priority": "high", "assignee_id": 999_999}), 404),
        (json!({"priority": "high", "team_id": 999_999}), 404),
    ] {
        patch(&scene.host, id, body).await.expect(status);
    }
    assert_eq!(scene.get(id).await, before);
    patch(&scene.host, 999_999, json!({})).await.expect(404);
}

#[tokio::test]
async fn an_agent_who_opens_it_so_takes_care_of_it() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let (_, bob) = scene.agent("bob").await;
    let id = scene.create(json!({"status": "resolved"})).await["id"].as_i64().unwrap();
    let now = patch(&ann, id, json!({"status": "open"})).await.expect(200);
    assert_eq!(now["meta"]["assignee"]["id"], ann_id);
    patch(&ann, id, json!({"status": "resolved"})).await.expect(200);
    let both = json!({"status": "open", "assignee_id": bob});
    assert_eq!(patch(&ann, id, both).await.expect(200)["meta"]["assignee"]["id"], bob);
    let team = scene.team("helpers", &[bob]).await;
    patch(&ann, id, json!({"status": "resolved", "assignee_id": null})).await.expect(200);
    let now = patch(&ann, id, json!({"status": "open", "team_id": team})).await.expect(200);
    assert_eq!(now["meta"]["assignee"]["id"], ann_id, "also outside the team");
}

#[tokio::test]
async fn a_priority_is_set_or_taken_away() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    for (body, priority) in [
        (json!({"priority": "low"}), json!("low")),
        (json!({"priority": "urgent"}), json!("urgent")),
        (json!({"priority": null}), Value::Null),
        (json!({"priority": "medium"}), json!("medium")),
        (json!({"priority": " "}), Value::Null),
        (json!({"priority": "high"}), json!("high")),
        (json!({}), Value::Null),
    ] {
        let answer = scene.host.post(&of(id, "/toggle_priority"), body).await;
        assert_eq!(answer.expect(200), "");
        assert_eq!(scene.get(id).await["priority"], priority);
    }
    let (status, _, attributes) =
        refusal(&scene.host.post(&of(id, "/toggle_priority"), json!({"priority": "asap"})).await);
    assert_eq!((status, attributes), (422, json!(["priority"])));
}
