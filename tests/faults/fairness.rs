//! Whatever one caller or one account requests at once, the others are answered.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::Executor;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::harness::{Caller, Installation, Server, send, wait_until};

/// A request that is under way until its connection is dropped: half of its body is missing.
async fn begin_a_request(server: &Server, caller: &Caller) -> TcpStream {
    let half = "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{";
    server.begin(caller, "POST", "/api/conversations", half).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_many_requests_under_way_is_refused_further_ones_in_each_dialect() {
    let server = Server::fresh().await;
    let (ann, bob) =
        (server.caller_with("ann", 1, "administrator"), server.caller_with("bob", 1, "member"));
    ann.arrive().await;
    let mut begun = Vec::new();
    for _ in 0..64 {
        begun.push(begin_a_request(&server, &ann).await);
    }
    wait_until("all are under way", async || ann.get("/api/user").await.status == 429).await;
    let why = "too many of your requests are under way; try again later";
    for (path, shape, told) in [
        ("/api/conversations", "/detail", why),
        ("/v1/groups", "/message", why),
        ("/api/v1/accounts/1/conversations", "/error", why),
        ("/api/v1/chats", "/errors/0/code", "too_many_requests"),
        ("/audit/conversations/00000000-0000-0000-0000-000000000000/events", "/error", why),
    ] {
        let answer = ann.get(path).await;
        assert_eq!((path, answer.status.as_u16()), (path, 429));
        assert_eq!(answer.headers["retry-after"], "1", "{path}");
        assert_eq!(answer.body.pointer(shape), Some(&json!(told)), "{path}: {}", answer.body);
    }
    assert_eq!(ann.get("/readyz").await.status, 200, "operators' paths are not counted");
    bob.arrive().await;

    drop(begun);
    wait_until("none is under way", async || ann.get("/api/user").await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_of_a_user_and_of_an_account_are_under_way_is_the_operators_to_say() {
    let installation = Installation::new().await;
    let arguments = ["--user-requests-max", "2", "--account-requests-max", "3"];
    let server = installation.start_with(&arguments);
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let other = server.caller_with("ann", 2, "member");
    for user in [&ann, &bob, &other] {
        user.arrive().await;
    }
    let is_refused = async |caller: &Caller| caller.get("/api/user").await.status == 429;
    let mut begun =
        vec![begin_a_request(&server, &ann).await, begin_a_request(&server, &ann).await];
    wait_until("her two are under way", async || is_refused(&ann).await).await;
    assert!(!is_refused(&bob).await);
    begun.push(begin_a_request(&server, &bob).await);
    wait_until("three of the account are", async || is_refused(&bob).await).await;
    assert!(!is_refused(&other).await);
    let (status, _, errors) = installation.run(&["serve", "--user-requests-max", "0"]);
    assert_eq!(status, Some(2), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queries_of_one_account_leave_connections_to_the_others() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller_with("bob", 2, "member"));
    for user in ["cat", "eve"] {
        server.caller(user).arrive().await;
    }
    let room = ann.create(json!(["cat", "eve"])).await;
    ann.say(&room, "hello").await;
    let path = format!("/api/apps/{}/messages", room["id"]);
    ann.get(&path).await.expect(200);
    bob.get("/v1/contacts").await.expect(200);

    // Until this is released, every list of messages waits.
    let pool = installation.pool().await;
    let mut blocker = pool.begin().await.unwrap();
    blocker.execute("lock table messages in access exclusive mode").await.unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..40 {
        let (ann, path) = (ann.clone(), path.clone());
        asking.spawn(async move { ann.get(&path).await.status });
    }
    wait_until("they wait", async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        waiting >= 3
    })
    .await;
    for _ in 0..5 {
        let request = bob.request(Method::GET, "/v1/contacts").timeout(Duration::from_secs(2));
        send(request).await.expect(200);
    }

    blocker.rollback().await.unwrap();
    while let Some(status) = asking.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
}
