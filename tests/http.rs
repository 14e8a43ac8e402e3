//! The rules for every answer, whatever the dialect.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server, send};

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn no_answer_is_kept_or_taken_for_something_else_and_each_has_an_id() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/readyz", 200),
        (Method::GET, "/metrics", 200),
        (Method::GET, "/docs", 200),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/api/user", 200),
        (Method::GET, "/api/nothing", 404),
        (Method::PATCH, "/api/conversations", 405),
        (Method::OPTIONS, "/api/conversations", 200),
        (Method::GET, "/api/v1/chats", 200),
        (Method::GET, "/v1/conversations?limit=x", 400),
        (Method::GET, "/audit/conversations/x/state", 403),
    ] {
        let answer = send(ann.request(method, path).header("X-Request-Id", "one of mine")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header(&answer, "cache-control"), Some("no-store"), "{path}");
        assert_eq!(header(&answer, "x-request-id"), Some("one of mine"), "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_call_the_dialects_and_nothing_of_the_operators() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    for (path, open) in [
        ("/api/user", true),
        ("/api/v1/chats", true),
        ("/v1/nothing", true),
        ("/v1", true),
        ("/events/x", true),
        ("/healthz", false),
        ("/readyz", false),
        ("/metrics", false),
        ("/nothing", false),
        ("/audit/conversations/x/events", false),
    ] {
        for method in [Method::GET, Method::OPTIONS] {
            let request =
                ann.request(method.clone(), path).header("Origin", "https://else.example");
            let answer = send(request.header("Access-Control-Request-Method", "GET")).await;
            let cors =
                answer.headers.keys().any(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors, open, "{method} {path}: {:?}", answer.headers);
            let origin = open.then_some("*");
            assert_eq!(header(&answer, "access-control-allow-origin"), origin, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_page_may_send_what_a_client_needs_and_read_the_position() {
    let server = Server::fresh().await;
    let client = reqwest::Client::new();
    for path in ["/api/apps/1/messages/typing", "/events"] {
        let asked = client.request(Method::OPTIONS, format!("{}{path}", server.url));
        let asked = asked.header("Origin", "https://else.example");
        let answer = send(asked.header("Access-Control-Request-Method", "PUT")).await;
        assert_eq!(answer.status, 200, "without a token");
        let listed = |name: &str| header(&answer, name).unwrap().to_lowercase();
        for allowed in [
            "authorization",
            "content-type",
            "idempotency-key",
            "colloquy-position",
            "traceparent",
            "last-event-id",
        ] {
            assert!(listed("access-control-allow-headers").contains(allowed), "{allowed}");
        }
        for allowed in ["get", "post", "put", "patch", "delete"] {
            assert!(listed("access-control-allow-methods").contains(allowed), "{allowed}");
        }
    }
    let ann = server.caller("ann");
    let shown =
        send(ann.request(Method::GET, "/api/user").header("Origin", "https://else.example"));
    let shown = shown.await;
    assert!(header(&shown, "access-control-expose-headers").unwrap().contains("colloquy-position"));
}

#[tokio::test]
async fn no_answer_tells_a_caller_s_host_header_back() {
    let installation = Installation::new().await;
    let plain = installation.start();
    let named = installation.start_with(&["--public-url", "https://chat.example/"]);
    for (server, url) in [(&plain, &*plain.url), (&named, "https://chat.example")] {
        let request = server.caller("ann").request(Method::GET, "/v1/nothing");
        let request = request.header("Host", "evil.example").header("X-Forwarded-Proto", "https");
        let error = send(request).await.expect(404);
        assert_eq!(error["documentation_url"], format!("{url}/docs#errors-invalid_request"));
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_not_taken_with_a_password_that_a_browser_remembers() {
    let server = Server::fresh().await;
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let client = reqwest::Client::new();
    let url = format!("{}/v1/conversations", server.url);
    let post = || client.post(&url).basic_auth("ann", Some(&ann.token));
    let form = || post().form(&[("contact_id", "bob")]);
    let json = || post().json(&json!({"contact_id": "bob"}));
    let site = |request: RequestBuilder, site: &str| request.header("Sec-Fetch-Site", site);
    let origin = |request: RequestBuilder, origin: &str| request.header("Origin", origin);
    for refused in [
        site(form(), "cross-site"),
        site(form(), "same-site"),
        site(origin(form(), &server.url), "cross-site"),
        origin(form(), "https://else.example"),
        origin(form(), "null"),
        origin(post().header("Content-Type", "text/plain").body("{}"), "https://else.example"),
    ] {
        let error = send(refused).await.expect(403);
        assert_eq!(error["type"], "invalid_request");
        assert!(error["message"].as_str().unwrap().contains("bearer"), "{error}");
    }
    assert_eq!(ann.get("/v1/conversations").await.expect(200)["data"], json!([]));
    let delete = || client.delete(format!("{url}/x")).basic_auth("ann", Some(&ann.token));
    for (taken, status) in [
        // As curl and other programs send it.
        (form(), 201),
        // As pages of this very origin send it, and the user by the address bar.
        (site(form(), "same-origin"), 200),
        (site(form(), "none"), 200),
        (origin(form(), &server.url), 200),
        // As browsers send it only after a preflight request, and without the password.
        (site(json(), "cross-site"), 200),
        (site(form(), "cross-site").header("Idempotency-Key", "1"), 200),
        (site(delete(), "cross-site"), 404),
        (
            site(
                client.post(&url).bearer_auth(&ann.token).form(&[("contact_id", "bob")]),
                "cross-site",
            ),
            200,
        ),
    ] {
        let answer = send(taken).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_logged_with_its_request_and_every_cause_whatever_the_filter() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--log", "warn,colloquy=info"]);
    let ann = server.caller("ann");
    server.caller("bob").arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let pool = installation.pool().await;
    sqlx::query("drop schema messages_4 cascade").execute(&pool).await.unwrap();
    let answer = ann.get(&format!("/api/apps/{}/messages", chat["id"])).await;
    let id = header(&answer, "x-request-id").unwrap().to_owned();
    assert_eq!(answer.status, 500);
    let find = || {
        let log = server.log();
        let mut lines = serde_json::Deserializer::from_str(&log).into_iter::<Value>();
        lines.find_map(|line| line.ok().filter(|line| line["message"] == "a request failed"))
    };
    crate::harness::wait_until("it is logged", async || find().is_some()).await;
    let line = find().unwrap();
    assert_eq!(line["span"]["request.id"], *id, "{line}");
    assert!(line["spans"].is_null(), "the same again: {line}");
    let error = line["error"].as_str().unwrap();
    assert_eq!(error.matches("does not exist").count(), 1, "{error}");
}
