//! A log that takes no appends for a while.

use reqwest::StatusCode;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};

use crate::harness::{Installation, wait_until};

/// A transaction that keeps every append waiting until it ends.
async fn hold_the_log(installation: &Installation) -> PgConnection {
    let mut connection = PgConnection::connect(&installation.database_url).await.unwrap();
    connection.execute("begin; select * from log_head for update").await.unwrap();
    connection
}

async fn wait_until_an_append_waits(installation: &Installation) {
    let pool = installation.pool().await;
    wait_until("an append waits for the log", async || {
        sqlx::query_scalar(
            "select exists (select from pg_stat_activity
                            where datname = current_database() and wait_event_type = 'Lock')",
        )
        .fetch_one(&pool)
        .await
        .unwrap()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_too_long_is_503_and_says_that_the_outcome_is_unknown() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--request-timeout-s", "1"]);
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let mut held = hold_the_log(&installation).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let answer = ann.post(&path, json!({"text": "late"})).await;
    assert_eq!((answer.status.as_u16(), &answer.body["status"]), (503, &json!(503)));
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("whether the command was recorded is unknown"), "{detail}");
    held.execute("rollback").await.unwrap();
    // The accepted command is recorded all the same, and the caller can look for it.
    wait_until("it is recorded", async || ann.get(&path).await.body["data"][0]["text"] == "late")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_503_with_retry_after_and_readyz_says_so() {
    let installation = Installation::new().await;
    let server = installation.start_with(&["--queue-length-max", "1"]);
    let callers: Vec<_> = ["ann", "bob", "cyd"].map(|uid| server.caller(uid)).into();
    for caller in &callers {
        caller.arrive().await;
    }
    let (ann, bob, cyd) = (&callers[0], &callers[1], &callers[2]);
    let rooms = [
        ann.create(json!(["bob", "cyd"])).await,
        ann.create(json!(["bob", "cyd"])).await,
        ann.create(json!(["bob", "cyd"])).await,
    ];
    let paths = rooms.map(|room| format!("/api/apps/{}/messages", room["id"]));
    let mut held = hold_the_log(&installation).await;
    let under_way = tokio::spawn({
        let (ann, path) = (ann.clone(), paths[0].clone());
        async move { ann.post(&path, json!({"text": "one"})).await.status }
    });
    wait_until_an_append_waits(&installation).await;
    let waiting = tokio::spawn({
        let (bob, path) = (bob.clone(), paths[1].clone());
        async move { bob.post(&path, json!({"text": "two"})).await.status }
    });
    wait_until("the queue is full", async || ann.get("/readyz").await.status == 503).await;
    let why = ann.get("/readyz").await.body;
    assert_eq!(why, "append queue: full\n");
    let refused = cyd.post(&paths[2], json!({"text": "three"})).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.body["title"], "Service Unavailable");

    held.execute("rollback").await.unwrap();
    assert_eq!(
        (under_way.await.unwrap(), waiting.await.unwrap()),
        (StatusCode::OK, StatusCode::OK)
    );
    assert_eq!(cyd.get(&paths[2]).await.body["count"], 0, "what was refused left nothing behind");
    assert_eq!(ann.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_finished_before_the_end() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let mut held = hold_the_log(&installation).await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let posted = tokio::spawn({
        let (ann, path) = (ann.clone(), path.clone());
        async move { ann.post(&path, json!({"text": "last words"})).await.status }
    });
    wait_until_an_append_waits(&installation).await;
    server.ask_to_stop();
    let url = format!("{}/healthz", server.url);
    wait_until("it takes no further requests", async || reqwest::get(&url).await.is_err()).await;
    held.execute("rollback").await.unwrap();
    assert_eq!(posted.await.unwrap(), StatusCode::OK);
    assert_eq!(server.ended(), Some(0));
}
