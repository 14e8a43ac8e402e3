//! Each error has the shape that Chatwoot's clients look for (section 2).

use reqwest::Method;
use serde_json::json;

use super::desk::{path, refusal};
use super::scene::{Scene, bad_fields, of, patch};
use crate::harness::send;

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let scene = Scene::new().await;
    for path in [
        of(999, ""),
        of(0, ""),
        path("/conversations/x"),
        path("/conversations/-1"),
        path("/conversations?team_id=999"),
        path("/nothing"),
        path("/conversations/1/nothing/here"),
        "/api/v1/accounts".to_owned(),
        "/api/v1/accounts/".to_owned(),
        "/api/v1/accounts/1".to_owned(),
    ] {
        let answer = scene.host.get(&path).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.expect(404), json!({"error": "Resource could not be found"}), "{path}");
    }
    let wrong = send(scene.host.request(Method::DELETE, &path("/conversations"))).await;
    assert!(wrong.headers["allow"].to_str().unwrap().contains("POST"));
    assert!(wrong.expect(405)["error"].is_string());
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_query_is_told_at_once() {
    let scene = Scene::new().await;
    let query = "status=closed&assignee_type=you&page=0&inbox_id=x&team_id=y&updated_within=-1";
    let answer = scene.host.get(&path(&format!("/conversations?{query}"))).await;
    let mut fields = bad_fields(&answer);
    fields.sort_unstable();
    let all = ["assignee_type", "inbox_id", "page", "status", "team_id", "updated_within"];
    assert_eq!(fields, all);
    let errors = answer.body["errors"].as_array().unwrap();
    let status = errors.iter().find(|error| error["field"] == "status").unwrap();
    let message = "must be one of open, resolved, pending, snoozed, all";
    assert_eq!(*status, json!({"field": "status", "message": message, "code": "invalid"}));
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_like_a_bad_query() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    for (media_type, body) in
        [("application/json", "{"), ("application/json", "[1]"), ("text/plain", "{}")]
    {
        for path in [path("/conversations"), of(id, "/toggle_status"), of(id, "/messages")] {
            let request = scene.host.request(Method::POST, &path);
            let answer = send(request.header("content-type", media_type).body(body)).await;
            assert_eq!(bad_fields(&answer), ["body"]);
            assert_eq!(answer.body["errors"][0]["code"], "malformed");
        }
    }
}

#[tokio::test]
async fn refused_values_and_missing_fields_are_unprocessable() {
    let scene = Scene::new().await;
    let id = scene.conversation().await;
    let post = async |rest: &str, body| scene.host.post(&of(id, rest), body).await;
    let (status, text, attributes) =
        refusal(&post("/toggle_status", json!({"status": "closed"})).await);
    assert_eq!((status, attributes), (422, json!(["status"])));
    assert!(text.contains("open, resolved, pending, snoozed"), "{text}");
    let both = patch(&scene.host, id, json!({"priority": "asap", "status": "closed"})).await;
    let (status, text, attributes) = refusal(&both);
    assert_eq!((status, attributes), (422, json!(["priority", "status"])));
    assert!(text.contains("urgent, ") || text.contains(", status"), "{text}");
    let (status, text, _) = refusal(&post("/custom_attributes", json!({})).await);
    let missing = "param is missing or the value is empty: custom_attributes";
    assert_eq!((status, &*text), (422, missing));
    let (status, _, attributes) = refusal(&post("/messages", json!({"content": " "})).await);
    assert_eq!((status, attributes), (422, json!(["content"])));
}

#[tokio::test]
async fn a_key_of_another_request_is_unprocessable_and_of_the_same_one_does_nothing_again() {
    let scene = Scene::new().await;
    let create = async |body| {
        let request = scene.host.request(Method::POST, &path("/conversations"));
        send(request.header("Idempotency-Key", "once").json(&body)).await
    };
    let first = create(scene.body(json!({}))).await.expect(200);
    let again = create(scene.body(json!({}))).await.expect(200);
    assert_eq!(first["id"], again["id"]);
    let (status, _, attributes) = refusal(&create(scene.body(json!({"priority": "low"}))).await);
    assert_eq!((status, attributes), (422, json!(null)));
}
