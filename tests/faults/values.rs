//! Values that could be accepted, but not be stored or read back: each is refused in the surface's
//! own shape, and nobody else is affected.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, send};

async fn post_raw(caller: &crate::harness::Caller, path: &str, body: String) -> (u16, Value) {
    let request = caller.request(Method::POST, path).header("Content-Type", "application/json");
    let answer = send(request.body(body)).await;
    (answer.status.as_u16(), answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_request_with_values_at_the_edge_stops_nobody() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let other = server.caller_with("eve", 2, "member");
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);

    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    for (metadata, wanted) in [
        (format!(r#"{{"a":{}}}"#, nested(31)), 200),
        (format!(r#"{{"a":{}}}"#, nested(32)), 400),
        (format!(r#"{{"a":{}}}"#, nested(120)), 400),
        (r#"{"a":1.7976931348623157e308}"#.to_owned(), 200),
        (r#"{"a":-5e-324}"#.to_owned(), 200),
        (r#"{"a":1e309}"#.to_owned(), 400),
        (r#"{"a":0.1234567890123456789}"#.to_owned(), 400),
        (r#"{"a":"\u0000"}"#.to_owned(), 400),
        (format!(r#"{{"a":"{}"}}"#, "x".repeat(70_000)), 400),
    ] {
        let body = format!(r#"{{"text":"hi","metadata":{metadata}}}"#);
        let (status, answer) = post_raw(&ann, &path, body).await;
        let start: String = metadata.chars().take(60).collect();
        assert_eq!(status, wanted, "{start}: {answer}");
        if wanted == 200 {
            let expected: Value = serde_json::from_str(&metadata).unwrap();
            assert_eq!(answer["metadata"], expected);
        } else {
            assert_eq!(answer["status"], 400);
            assert!(answer["detail"].is_string(), "{answer}");
        }
    }

    let listed = bob.get("/api/conversations").await.expect(200);
    assert_eq!(listed["data"][0]["last_message"]["metadata"], json!({"a": -5e-324}));
    let found = bob.get(&path).await.expect(200);
    assert_eq!(found["count"], 3);
    other.arrive().await;
    assert_eq!(ann.get("/readyz").await.body, "ready\n");
}

/// A user's profile comes from the host system, and is bounded as well.
#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_user_has_a_limit() {
    let server = Server::fresh().await;
    let host = server.key();
    for (field, value, wanted) in [
        ("name", json!("x".repeat(256)), 200),
        ("name", json!("x".repeat(257)), 400),
        ("username", json!("ß".repeat(256)), 200),
        ("username", json!("x".repeat(6_000)), 400),
        ("email", json!("x".repeat(320)), 200),
        ("email", json!("x".repeat(321)), 400),
        ("avatar_url", json!("x".repeat(2049)), 400),
        ("tags", json!(vec!["x"; 101]), 400),
        ("tags", json!(["x".repeat(257)]), 400),
        ("metadata", json!({"a": "x".repeat(70_000)}), 400),
    ] {
        let answer = host.put_json("/api/users/ann", json!({ field: value })).await;
        assert_eq!((field, answer.status.as_u16()), (field, wanted), "{}", answer.body);
    }
    server.caller("bob").arrive().await;
    assert_eq!(host.get("/readyz").await.body, "ready\n");
}
