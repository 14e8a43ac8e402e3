//! Failures of the server have the shape of this dialect's errors (section 2).

use reqwest::Method;
use serde_json::json;
use sqlx::Executor;
use tokio::io::AsyncReadExt;

use super::desk::path;
use super::scene::{Scene, of, patch};
use crate::harness::{Answer, Installation, send, wait_until};

/// The answer is a 503 with Retry-After that has a text under `error` and nothing else.
#[track_caller]
fn assert_not_now(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    assert_is_error(answer, why);
}

#[track_caller]
fn assert_is_error(answer: &Answer, why: &str) {
    assert_eq!(answer.headers["content-type"], "application/json");
    let error = answer.body["error"].as_str().unwrap();
    assert_eq!(answer.body, json!({ "error": error }));
    assert!(error.contains(why), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_read_model_is_stopped_what_needs_it_is_refused_and_the_rest_is_answered() {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let (ann, _) = scene.agent("ann").await;
    let id = scene.conversation().await;
    let pool = installation.pool().await;
    let host = &scene.host;
    let broken = "alter table support_conversations
                  add constraint nothing_is_urgent check (priority is null)";
    pool.execute(broken).await.unwrap();
    // The command is recorded, but its result cannot be shown.
    assert_not_now(&patch(host, id, json!({"priority": "urgent"})).await, "support");
    for rest in ["/conversations", "/conversations/meta", "/conversations?q=hello"] {
        assert_not_now(&ann.get(&path(rest)).await, "support");
    }
    assert_not_now(&host.get(&of(id, "")).await, "support");
    for rest in ["/inboxes", "/contacts", "/teams", "/agents"] {
        host.get(&path(rest)).await.expect(200);
    }

    let broken = "alter table inboxes add constraint nothing_is_locked
                  check (not lock_to_single_conversation)";
    pool.execute(broken).await.unwrap();
    let inbox = path(&format!("/inboxes/{}", scene.inbox["id"]));
    let lock = json!({"lock_to_single_conversation": true});
    assert_not_now(&send(host.request(Method::PATCH, &inbox).json(&lock)).await, "desk");
    for rest in ["/inboxes", "/contacts", "/teams", "/contacts/search?q=ana"] {
        assert_not_now(&host.get(&path(rest)).await, "desk");
    }
    // What an agent sees cannot be known, so nothing is shown.
    assert_not_now(&ann.get(&path("/agents")).await, "desk");
    // Requests that need neither read model still work.
    host.get("/api/users").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_told_without_its_reason() {
    let installation = Installation::new().await;
    let scene = Scene::on(&installation).await;
    let id = scene.conversation().await;
    let pool = installation.pool().await;
    pool.execute("alter table support_conversations rename to elsewhere").await.unwrap();
    for path in [of(id, ""), path("/conversations")] {
        let answer = scene.host.get(&path).await;
        assert_eq!(answer.status, 500, "{}", answer.body);
        assert_is_error(&answer, "");
        assert!(!answer.body.to_string().contains("support_conversations"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_method_that_a_path_has_not_is_told_with_those_that_it_has() {
    let scene = Scene::new().await;
    for (rest, method, allowed) in [
        ("/conversations", Method::DELETE, "GET,HEAD,POST"),
        ("/conversations/meta", Method::POST, "GET,HEAD"),
        ("/conversations/1", Method::POST, "GET,HEAD,PATCH,PUT,DELETE"),
        ("/conversations/1/toggle_status", Method::GET, "POST"),
        ("/conversations/1/labels", Method::PUT, "GET,HEAD,POST"),
        ("/conversations/1/messages/2", Method::PATCH, "DELETE"),
        ("/contacts/search", Method::POST, "GET,HEAD"),
        ("/inbox_members", Method::GET, "POST,PATCH,PUT,DELETE"),
        ("/agents", Method::POST, "GET,HEAD"),
    ] {
        let answer = send(scene.host.request(method, &path(rest))).await;
        assert_eq!(answer.status, 405, "{rest}: {}", answer.body);
        assert_is_error(&answer, "");
        let mut told: Vec<_> = answer.headers["allow"].to_str().unwrap().split(',').collect();
        let mut allowed: Vec<_> = allowed.split(',').collect();
        told.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(told, allowed, "{rest}");
    }
}

#[tokio::test]
async fn who_asks_for_more_than_may_be_under_way_is_told_when_to_come_again() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--user-requests-max", "1"]);
    let boss = server.caller_with("boss", 1, "administrator");
    let list = path("/conversations");
    boss.get(&list).await.expect(200);
    let head = "Content-Type: application/json\r\nContent-Length: 20\r\n\
                Expect: 100-continue\r\n\r\n";
    let mut begun = server.begin(&boss, "POST", &list, head).await;
    // The server asks for the body once the request has its slot.
    let mut asked = [0; 12];
    begun.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    let answer = boss.get(&list).await;
    assert_eq!(answer.status, 429);
    assert!(answer.headers.contains_key("retry-after"));
    assert_is_error(&answer, "under way");
    drop(begun);
    wait_until("none is under way", async || boss.get(&list).await.status == 200).await;
}
