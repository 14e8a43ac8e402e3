//! Giving conversations to agents and teams (section 6, `assignments`).

use serde_json::{Value, json};

use super::scene::{Scene, counts, list, of};

#[tokio::test]
async fn agents_and_teams_are_assigned_and_taken_away() {
    let scene = Scene::new().await;
    let (ann, ann_id) = scene.agent("ann").await;
    let team = scene.team("helpers", &[ann_id]).await;
    let id = scene.conversation().await;
    let post = async |body: Value| ann.post(&of(id, "/assignments"), body).await;
    let meta = async || scene.get(id).await["meta"].clone();
    let assigned = post(json!({"assignee_id": ann_id.to_string()})).await.expect(200);
    assert_eq!((&assigned, &assigned["id"]), (&meta().await["assignee"], &json!(ann_id)));
    let assigned = post(json!({"team_id": team})).await.expect(200);
    assert_eq!((&assigned["id"], &assigned["is_member"]), (&json!(team), &json!(true)));
    assert_eq!(counts(&list(&ann, "").await), [1, 1, 0, 1]);
    // An empty request changes nothing.
    assert_eq!(post(json!({})).await.expect(200), Value::Null);
    assert_eq!(meta().await["assignee"]["id"], ann_id);
    for (clear, name) in [("assignee_id", "assignee"), ("team_id", "team")] {
        for nobody in [Value::Null, json!(""), json!(0), json!("0")] {
            post(json!({"assignee_id": ann_id})).await.expect(200);
            post(json!({"team_id": team})).await.expect(200);
            assert!(meta().await.get(name).is_some());
            assert_eq!(post(json!({clear: nobody})).await.expect(200), Value::Null);
            assert_eq!(meta().await.get(name), None);
        }
    }
    // When both are given, the agent takes precedence.
    let assigned = post(json!({"assignee_id": ann_id, "team_id": team})).await.expect(200);
    assert_eq!((&assigned["name"], meta().await.get("team")), (&json!("Ann"), None));
}

#[tokio::test]
async fn an_assignee_who_is_unknown_or_no_agent_is_not_found_and_changes_nothing() {
    let scene = Scene::new().await;
    let (_, ann) = scene.agent("ann").await;
    let id = scene.create(json!({"assignee_id": ann})).await["id"].as_i64().unwrap();
    let max = scene.server.caller("max").arrive().await;
    for body in [
        json!({"assignee_id": 999_999}),
        json!({"assignee_id": max}),
        json!({"assignee_id": "x"}),
        json!({"team_id": 999_999}),
        json!({"team_id": "x"}),
    ] {
        scene.host.post(&of(id, "/assignments"), body).await.expect(404);
    }
    assert_eq!(scene.get(id).await["meta"]["assignee"]["id"], ann);
}
