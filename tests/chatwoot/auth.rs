//! Who may call, and how they say who they are (section 2).

use reqwest::header::HeaderName;
use reqwest::{Client, Method};
use serde_json::json;

use super::desk::{inbox, path};
use super::scene::{Scene, of};
use crate::harness::{SECRET, send};

fn token(expires: f64, role: &str) -> String {
    let claims = api::token::Claims {
        sub: "host".to_owned(),
        exp: expires,
        iat: None,
        name: None,
        account: domain::AccountId::FIRST,
        role: role.parse().unwrap(),
    };
    api::token::issue(SECRET, &claims, &api::token::Rules::default()).unwrap()
}

#[tokio::test]
async fn a_token_is_taken_from_its_own_header_however_it_is_spelled_and_counts_before_bearer() {
    let scene = Scene::new().await;
    let (client, good) = (Client::new(), &scene.host.token);
    let url = format!("{}{}", scene.server.url, path("/conversations"));
    for name in ["api_access_token", "API_ACCESS_TOKEN", "api-access-token", "Api-Access_Token"] {
        let name: HeaderName = name.parse().unwrap();
        send(client.get(&url).header(&name, good)).await.expect(200);
        send(client.get(&url).header(&name, good).bearer_auth("nonsense")).await.expect(200);
        let bad = send(client.get(&url).header(&name, "nonsense").bearer_auth(good)).await;
        assert_eq!(bad.expect(401), json!({"error": "Invalid Access Token"}));
        send(client.get(&url).header(&name, "").bearer_auth(good)).await.expect(200);
    }
    send(client.get(&url).bearer_auth(good)).await.expect(200);
}

#[tokio::test]
async fn without_a_token_that_is_taken_nothing_is_answered() {
    let scene = Scene::new().await;
    let client = Client::new();
    let url = format!("{}{}", scene.server.url, path("/conversations"));
    let none = json!({"errors": ["You need to sign in or sign up before continuing."]});
    assert_eq!(send(client.get(&url)).await.expect(401), none);
    let basic = send(client.get(&url).basic_auth("user", Some(&scene.host.token))).await;
    assert_eq!(basic.expect(401), none);
    let bad = json!({"error": "Invalid Access Token"});
    for token in ["nonsense".to_owned(), token(1e9, "service")] {
        assert_eq!(send(client.get(&url).bearer_auth(&token)).await.expect(401), bad);
        let request = client.post(&url).header("api_access_token", &token).json(&json!({}));
        let answer = send(request).await;
        assert!(answer.headers.contains_key("www-authenticate"));
        assert_eq!(answer.expect(401), bad);
    }
}

#[tokio::test]
async fn bots_have_the_endpoints_of_their_list_in_every_inbox_and_no_others() {
    let scene = Scene::new().await;
    let bot = scene.server.caller_with("robot", 1, "bot");
    let made = bot.post(&path("/conversations"), scene.body(json!({}))).await.expect(200);
    let id = made["id"].as_i64().unwrap();
    for (method, rest, body) in [
        (Method::PATCH, "", json!({"priority": "low"})),
        (Method::PUT, "", json!({"priority": "high"})),
        (Method::POST, "/toggle_status", json!({"status": "pending"})),
        (Method::POST, "/toggle_priority", json!({})),
        (Method::POST, "/custom_attributes", json!({"custom_attributes": {"a": 1}})),
        (Method::POST, "/messages", json!({"content": "I am a robot"})),
        (Method::POST, "/assignments", json!({"assignee_id": null})),
    ] {
        send(bot.request(method, &of(id, rest)).json(&body)).await.expect(200);
    }
    for (method, path) in [
        (Method::GET, path("/conversations")),
        (Method::GET, path("/conversations/meta")),
        (Method::GET, of(id, "")),
        (Method::DELETE, of(id, "")),
        (Method::POST, of(id, "/mute")),
        (Method::POST, of(id, "/unmute")),
        (Method::POST, of(id, "/update_last_seen")),
        (Method::POST, of(id, "/unread")),
        (Method::GET, of(id, "/labels")),
        (Method::POST, of(id, "/labels")),
        (Method::GET, of(id, "/messages")),
        (Method::DELETE, of(id, "/messages/1")),
    ] {
        let refused = send(bot.request(method, &path)).await.expect(403);
        assert_eq!(refused["error"], "Access denied");
        assert!(refused["description"].is_string());
    }
}

#[tokio::test]
async fn members_of_the_host_system_have_nothing_here() {
    let scene = Scene::new().await;
    let (max, id) = (scene.server.caller("max"), scene.conversation().await);
    for (method, path) in [
        (Method::GET, path("/conversations")),
        (Method::POST, path("/conversations")),
        (Method::GET, of(id, "")),
        (Method::POST, of(id, "/messages")),
    ] {
        let refused = send(max.request(method, &path)).await.expect(403);
        assert_eq!(refused["error"], "Access denied");
    }
}

#[tokio::test]
async fn agents_have_the_inboxes_that_they_are_in() {
    let scene = Scene::new().await;
    let (ann, _) = scene.agent("ann").await;
    let (eve, _) = scene.outsider("eve").await;
    let id = scene.conversation().await;
    ann.get(&of(id, "")).await.expect(200);
    for (method, path, body) in [
        (Method::GET, of(id, ""), json!({})),
        (Method::PATCH, of(id, ""), json!({"priority": "low"})),
        (Method::POST, of(id, "/toggle_status"), json!({})),
        (Method::POST, of(id, "/messages"), json!({"content": "Hello?"})),
        (Method::GET, of(id, "/messages"), json!({})),
        (Method::POST, of(id, "/labels"), json!({"labels": []})),
        (Method::POST, path("/conversations"), scene.body(json!({}))),
    ] {
        let refused = send(eve.request(method, &path).json(&body)).await.expect(403);
        assert_eq!(refused["error"], "Access denied");
    }
    // Only administrators and the host system erase.
    ann.delete(&of(id, "")).await.expect(403);
    let other = inbox(&scene.host, "other").await;
    let body = json!({"inbox_id": other["id"], "contact_id": scene.contact["id"]});
    ann.post(&path("/conversations"), body).await.expect(403);
    scene.server.caller_with("zoe", 1, "administrator").delete(&of(id, "")).await.expect(200);
}

#[tokio::test]
async fn another_account_is_refused_whether_there_is_one_or_not() {
    let scene = Scene::new().await;
    for (account, status) in [("2", 403), ("999", 403), ("x", 404), ("1.5", 404), ("1", 200)] {
        let path = format!("/api/v1/accounts/{account}/conversations");
        scene.host.get(&path).await.expect(status);
    }
}
