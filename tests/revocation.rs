//! Access tokens that the host system issues and revokes.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Installation, Server, send};
use crate::tokens::{LISTS, challenges};

fn issued(server: &Server, uid: &str, token: &Value) -> Caller {
    server.caller(uid).with_token(token["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn the_host_system_makes_tokens_for_users_who_keep_their_name_and_role() {
    let server = Server::fresh().await;
    let key = server.key();
    let token = key.post("/api/users/bob/tokens", json!({"name": "Bob B."})).await.expect(200);
    assert_eq!(token["expires_in"], 3600);
    let bob = issued(&server, "bob", &token).get("/api/user").await.expect(200);
    assert_eq!((&bob["uid"], &bob["name"]), (&json!("bob"), &json!("Bob B.")));
    server.caller_with("ada", 1, "administrator").arrive().await;
    let token = key.post("/api/users/ada/tokens", json!({"expires_in": 60})).await.expect(200);
    assert_eq!(token["expires_in"], 60);
    let ada = issued(&server, "ada", &token).get("/api/user").await.expect(200);
    assert_eq!((&ada["name"], &ada["is_admin"]), (&json!("Ada"), &json!(true)));

    for expires_in in [json!(0), json!(2_592_001), json!("60"), json!(1.5)] {
        let asked = key.post("/api/users/bob/tokens", json!({"expires_in": expires_in})).await;
        asked.expect(400);
    }
    key.post("/api/users/colloquy/tokens", json!({})).await.expect(400);
    for method in [Method::POST, Method::DELETE] {
        let request = server.caller("ann").request(method, "/api/users/bob/tokens");
        send(request.json(&json!({}))).await.expect(403);
    }
    key.delete("/api/users/nobody/tokens").await.expect(404);
}

/// The second node learns of the first one's appends over NATS, the third one by polling.
#[tokio::test]
async fn a_revoked_token_is_taken_by_no_node_and_on_no_surface_any_more() {
    let installation = Installation::new().await;
    let first = installation.start();
    let without_nats = Installation { nats_url: "off".to_owned(), ..installation.clone() };
    let nodes = [first, installation.start(), without_nats.start()];
    let key = nodes[0].key();
    let token = key.post("/api/users/ann/tokens", json!({})).await.expect(200);
    let undated = nodes[0].caller("ann").token;
    let of_bob = key.post("/api/users/bob/tokens", json!({})).await.expect(200);
    for node in &nodes {
        // Each node remembers what it has verified.
        for token in [token["access_token"].as_str().unwrap(), &undated] {
            node.caller("ann").with_token(token).get("/api/user").await.expect(200);
        }
    }
    key.delete("/api/users/ann/tokens").await.expect(204);
    let answered = Instant::now();
    for node in &nodes {
        for token in [token["access_token"].as_str().unwrap(), &undated] {
            for (path, _) in LISTS {
                let refused = node.caller("ann").with_token(token).get(path).await;
                assert_eq!(refused.status, 401, "{path}");
                assert!(challenges(&refused)[0].contains(r#"error_description="revoked""#));
            }
        }
        issued(node, "bob", &of_bob).get("/api/user").await.expect(200);
    }
    assert!(answered.elapsed().as_secs() < 30, "looked at too late to say anything");
    let token = key.post("/api/users/ann/tokens", json!({})).await.expect(200);
    for node in &nodes {
        issued(node, "ann", &token).get("/api/user").await.expect(200);
    }

    let restarted = installation.start();
    restarted.caller("ann").with_token(&undated).get("/api/user").await.expect(401);
    issued(&restarted, "ann", &token).get("/api/user").await.expect(200);
    let log = installation.done(&["audit", "log", "--type", "TokensRevoked", "--format", "json"]);
    assert_eq!(log.matches("issued_until").count(), 1, "{log}");
}

/// A token of the host system, valid until the year 2096, and the key that it is signed with.
const HOSTS_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9\
    .eyJzdWIiOiJob3N0IiwiZXhwIjo0MDAwMDAwMDAwLCJyb2xlIjoic2VydmljZSJ9\
    .rMe4hDHk5JsaDC7D_7C1Grbo7gWZo7P4STJJ5RnPjYTZp4PIrqSqSuoOYWNgF2-b99cZtJW38ffV6Xvx7WBqDw";
const HOSTS_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEABvRYtapf7niakjMwkD3LX6PiPxUByLBt4Io/IYcbdSY=\n\
    -----END PUBLIC KEY-----";

#[tokio::test]
async fn where_an_identity_provider_makes_the_tokens_none_are_to_be_had_here() {
    let server = Installation::new().await.start_with(&[&format!("--jwt-public-key={HOSTS_KEY}")]);
    let key = server.key().with_token(HOSTS_TOKEN);
    let refused = key.post("/api/users/bob/tokens", json!({})).await.expect(403);
    assert!(refused["detail"].as_str().unwrap().contains("identity provider"), "{refused}");
    key.get("/api/users/bob").await.expect(404);
    key.put_json("/api/users/bob", json!({})).await.expect(200);
    key.delete("/api/users/bob/tokens").await.expect(204);
}
