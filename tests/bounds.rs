//! A value that is given twice, missing or unreadable is refused in every dialect, never guessed.

use serde_json::Value;

use crate::harness::{Server, send};

#[tokio::test]
async fn what_is_given_twice_is_refused() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    for path in [
        "/api/conversations?top=1&Top=2",
        "/api/conversations?q=a&q=b",
        "/v1/conversations?limit=1&limit=2",
        "/v1/contacts?starting_after=a&starting_after=b",
        "/api/v1/chats?page[size]=1&page[size]=2",
        "/api/v1/direct_conversations?search_peer=a&search_peer=b",
        "/audit/conversations/018f4e2a-7c3b-7d10-9a55-3b1c2d4e5f60/events?limit=1&limit=2",
    ] {
        let auditor = server.caller_with("carl", 1, "administrator");
        let caller = if path.starts_with("/audit") { &auditor } else { &ann };
        let told = caller.get(path).await.expect(400).to_string();
        assert!(told.contains("must be given once"), "{path}: {told}");
    }
}

#[tokio::test]
async fn a_body_that_is_needed_and_missing_is_refused() {
    let server = Server::fresh().await;
    let (ann, bob, key) = (server.caller("ann"), server.caller("bob"), server.key());
    let chat = ann.create(serde_json::json!([bob.arrive().await])).await;
    let messages = format!("/api/apps/{}/messages", chat["id"]);
    for (caller, path) in [
        (&ann, "/api/conversations"),
        (&ann, &messages),
        (&key, "/api/users"),
        (&ann, "/v1/conversations"),
        (&ann, "/v1/groups"),
        (&ann, "/v1/messages"),
        (&ann, "/api/v1/direct_conversations"),
        (&ann, "/api/v1/chats"),
        (&ann, "/api/v1/chat_memberships"),
    ] {
        let told = send(caller.request(reqwest::Method::POST, path)).await;
        assert_ne!(told.expect(400), Value::Null, "{path}");
    }
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    for position in ["x", "-1", "1.5", "99999999999999999999"] {
        for path in ["/api/conversations", "/v1/conversations", "/api/v1/chats"] {
            let request = ann.request(reqwest::Method::GET, path);
            let told = send(request.header("Colloquy-Position", position)).await.expect(400);
            assert!(told.to_string().contains("Colloquy-Position"), "{told}");
        }
    }
}
