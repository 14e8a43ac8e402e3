use reqwest::Method;
use serde_json::json;

use super::{app, arrived, conversation};
use crate::harness::{Server, send};

#[tokio::test]
async fn every_error_has_the_shape() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    for (method, path, status, title) in [
        (Method::GET, "/api/conversations?top=x", 400, "Bad Request"),
        (Method::GET, "/api/users", 403, "Forbidden"),
        (Method::GET, "/api/conversations/99", 404, "Not Found"),
        (Method::GET, "/api/conversations/abc", 404, "Not Found"),
        (Method::GET, "/api/conversations/0", 404, "Not Found"),
        (Method::GET, "/api/nothing/here", 404, "Not Found"),
        (Method::PATCH, "/api/conversations", 405, "Method Not Allowed"),
    ] {
        let answer = send(ann.request(method, path)).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        if status == 405 {
            assert!(answer.headers["allow"].to_str().unwrap().contains("POST"));
        }
        let problem = answer.expect(status);
        assert_eq!((&problem["title"], &problem["status"]), (&json!(title), &json!(status)));
        assert_eq!(problem["instance"], path.split('?').next().unwrap());
        assert!(problem["type"].as_str().unwrap().starts_with("https://tools.ietf.org/html/rfc"));
        assert!(problem.as_object().unwrap().values().all(|value| !value.is_null()));
    }
}

#[tokio::test]
async fn the_media_type_of_problems_is_used_when_named() {
    let server = Server::fresh().await;
    let request = server.caller("ann").request(Method::GET, "/api/conversations/99");
    let answer = send(request.header("Accept", "application/json, application/problem+json")).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let server = Server::fresh().await;
    let client = reqwest::Client::new();
    let mut broken = server.caller("ann");
    broken.token.push('x');
    let bare = r#"Bearer realm="Colloquy""#;
    let refused =
        r#"Bearer realm="Colloquy", error="invalid_token", error_description="wrong signature""#;
    for (request, challenge) in [
        (client.get(format!("{}/api/conversations", server.url)), bare),
        (
            client.get(format!("{}/api/conversations", server.url)).basic_auth("ann", Some("x")),
            bare,
        ),
        (broken.request(Method::GET, "/api/conversations"), refused),
    ] {
        let answer = send(request).await;
        assert_eq!(answer.headers["www-authenticate"], challenge);
        assert_eq!(answer.expect(401)["title"], "Unauthorized");
    }
}

#[tokio::test]
async fn a_key_has_no_list_marker_or_pin_but_sees_everything() {
    let server = Server::fresh().await;
    let (ann, bob, key) = (server.caller("ann"), server.caller("bob"), server.key());
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    bob.say(&chat, "hi").await;
    let path = format!("/api/conversations/{}", chat["id"]);
    for (method, path) in [
        (Method::GET, "/api/conversations".to_owned()),
        (Method::GET, "/api/conversations/badge".to_owned()),
        (Method::PUT, format!("{path}/mark")),
        (Method::DELETE, format!("{path}/pin")),
        (Method::GET, "/api/user".to_owned()),
    ] {
        send(key.request(method, &path)).await.expect(403);
    }
    key.post("/api/conversations", json!({"members": ["ann"]})).await.expect(403);
    let seen = key.get(&path).await.expect(200);
    for flag in ["is_pinned", "is_unread", "is_starred", "is_subscribed"] {
        assert_eq!(seen[flag], false);
    }
    assert_eq!((&seen["display_name"], seen.get("user_id")), (&json!("Bob, Ann"), None));
}

#[tokio::test]
async fn a_broken_body_is_told_with_its_place() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let request = ann.request(Method::POST, "/api/conversations").body("{ \"members\": [1 }");
    let problem = send(request.header("Content-Type", "application/json")).await.expect(400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("line 1 column 17"), "{detail}");
    let request = ann.request(Method::POST, "/api/conversations").body(vec![b' '; 3 << 20]);
    send(request).await.expect(413);
}

#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let server = Server::fresh().await;
    let request = reqwest::Client::new()
        .request(Method::OPTIONS, format!("{}/api/conversations", server.url))
        .header("Origin", "https://host.example")
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "authorization,idempotency-key");
    let answer = send(request).await;
    assert!(answer.status.is_success());
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
    for name in
        ["authorization", "content-type", "idempotency-key", "colloquy-position", "traceparent"]
    {
        assert!(allowed.contains(name), "{name}");
    }
    let request = server.caller("ann").request(Method::GET, "/api/user");
    let answer = send(request.header("Origin", "https://host.example")).await;
    assert_eq!(
        answer.headers["access-control-expose-headers"],
        "colloquy-position,x-request-id,location"
    );
}

/// The contract leaves it for later: a client that reports a delivery is told so and goes on.
#[tokio::test]
async fn a_delivery_is_not_taken_note_of() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/conversations/{}/delivered", chat["id"]);
    let missing = ann.put(&path).await.expect(404);
    assert_eq!((&missing["status"], &missing["instance"]), (&json!(404), &json!(path)));
    ann.get(&format!("/api/conversations/{}", chat["id"])).await.expect(200);
}

/// Each problem in both media types, with the same body.
#[tokio::test]
async fn a_problem_is_told_in_the_media_type_that_is_accepted() {
    let server = Server::fresh().await;
    let [ann, bob] = arrived(&server, ["ann", "bob"]).await;
    let stranger = ann.with_token("none");
    let room = ann.create(json!(["bob"])).await;
    let path = |below: &str| app(&room, below);
    let once = ann.request(Method::POST, &path("/messages")).header("Idempotency-Key", "once");
    send(once.json(&json!({"text": "hi"}))).await.expect(200);
    for (caller, method, path, body, status) in [
        (&ann, Method::POST, path("/messages"), json!({"text": " "}), 400),
        (&stranger, Method::GET, "/api/user".to_owned(), json!({}), 401),
        (&ann, Method::GET, "/api/users".to_owned(), json!({}), 403),
        (&bob, Method::GET, "/api/apps/999".to_owned(), json!({}), 404),
        (&ann, Method::PUT, path(""), json!({}), 405),
        (&ann, Method::POST, path("/messages"), json!({"text": "ho"}), 422),
    ] {
        for (accept, media_type) in [
            ("*/*", "application/json"),
            ("application/json", "application/json"),
            ("application/problem+json", "application/problem+json"),
            ("text/html, application/problem+json;q=0.9", "application/problem+json"),
        ] {
            let request = caller.request(method.clone(), &path).header("Accept", accept);
            let key = if status == 422 { "once" } else { accept };
            let answer = send(request.header("Idempotency-Key", key).json(&body)).await;
            assert_eq!(answer.headers["content-type"], media_type, "{status}");
            let problem = answer.expect(status);
            assert_eq!((&problem["status"], &problem["instance"]), (&json!(status), &json!(path)));
            assert!(problem["type"].is_string() && problem["title"].is_string());
        }
    }
}

#[tokio::test]
async fn every_path_may_end_in_a_slash_and_takes_bodies_that_it_does_not_need() {
    let server = Server::fresh().await;
    let [ann, ..] = arrived(&server, ["ann", "bob", "cat"]).await;
    let room = ann.create(json!(["bob", "cat"])).await;
    let message = ann.say(&room, "hi").await;
    let id = &room["id"];
    for (method, path, status) in [
        (Method::GET, "/api/user".to_owned(), 200),
        (Method::GET, "/api/users/autocomplete".to_owned(), 200),
        (Method::GET, "/api/conversations".to_owned(), 200),
        (Method::GET, "/api/conversations/badge".to_owned(), 200),
        (Method::GET, format!("/api/conversations/{id}"), 200),
        (Method::PUT, format!("/api/conversations/{id}/mark"), 200),
        (Method::DELETE, format!("/api/conversations/{id}/mark"), 200),
        (Method::PUT, format!("/api/conversations/{id}/pin"), 200),
        (Method::DELETE, format!("/api/conversations/{id}/pin"), 200),
        (Method::GET, format!("/api/apps/{id}"), 200),
        (Method::GET, format!("/api/apps/{id}/messages"), 200),
        (Method::GET, format!("/api/apps/{id}/members"), 200),
        (Method::POST, format!("/api/apps/{id}/stars"), 204),
        (Method::DELETE, format!("/api/apps/{id}/stars"), 204),
        (Method::POST, format!("/api/apps/{id}/subscribe"), 200),
        (Method::POST, format!("/api/apps/{id}/unsubscribe"), 200),
        (Method::POST, format!("/api/apps/{id}/trash"), 200),
        (Method::POST, format!("/api/apps/{id}/restore"), 200),
        (Method::PUT, format!("/api/apps/{id}/members/bob"), 200),
        (Method::DELETE, format!("/api/apps/{id}/members/bob"), 200),
        (Method::GET, format!("/api/messages/{message}"), 200),
        (Method::DELETE, format!("/api/messages/{message}"), 204),
        (Method::DELETE, format!("/api/apps/{id}"), 204),
    ] {
        let bodies = if status == 204 && path.ends_with(|c: char| c.is_ascii_digit()) {
            &["{}"][..]
        } else {
            &["", "{}", "[1]", "nonsense"]
        };
        for body in bodies {
            let request = ann.request(method.clone(), &format!("{path}/"));
            let request = request.header("Content-Type", "application/json").body(*body);
            let answer = send(request).await;
            assert_eq!(answer.status, status, "{method} {path} {body:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_no_number_names_no_conversation_and_the_badge_is_no_number() {
    let server = Server::fresh().await;
    let [ann, _] = arrived(&server, ["ann", "bob"]).await;
    let chat = ann.create(json!(["bob"])).await;
    assert!(ann.get("/api/conversations/badge").await.expect(200)["private"].is_number());
    for id in ["abc", "0", "-1", "1.5", "+1", "0x1", "99999999999999999999", "%20", "%00"] {
        for below in ["", "/mark", "/pin"] {
            let method = if below.is_empty() { Method::GET } else { Method::PUT };
            send(ann.request(method, &format!("/api/conversations/{id}{below}"))).await.expect(404);
        }
        for below in ["/trash", "/restore", "/stars", "/subscribe"] {
            ann.bare_post(&format!("/api/apps/{id}{below}")).await.expect(404);
        }
        for below in ["", "/members", "/messages"] {
            ann.get(&format!("/api/apps/{id}{below}")).await.expect(404);
        }
    }
    let other = server.caller_with("ann", 2, "member");
    for path in [conversation(&chat, ""), app(&chat, ""), app(&chat, "/members")] {
        other.get(&path).await.expect(404);
        server.caller_with("host", 2, "service").get(&path).await.expect(404);
    }
    for below in ["/trash", "/stars", "/subscribe"] {
        other.bare_post(&app(&chat, below)).await.expect(404);
    }
    other.delete(&app(&chat, "")).await.expect(404);
    server.caller_with("eve", 2, "administrator").delete(&app(&chat, "")).await.expect(404);
}
