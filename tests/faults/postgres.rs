//! PostgreSQL crashes under a running server. Read models commit without waiting for the disk, so a
//! crash loses their newest rows; what was acknowledged is in the log, and must be shown again
//! without any intervention.

use std::collections::BTreeSet;

use embedded::testing::folder;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::all_messages;
use crate::harness::{Installation, send, wait_until};

/// As the kernel does when memory runs out: PostgreSQL then stops all its processes and recovers
/// from its log.
async fn kill_a_backend(url: &str) {
    // It may still be recovering from the last time.
    wait_until("it can be reached", async || PgConnection::connect(url).await.is_ok()).await;
    let mut connection = PgConnection::connect(url).await.unwrap();
    let somebody_else = "select pid from pg_stat_activity
         where backend_type = 'client backend' and pid <> pg_backend_pid()
         limit 1";
    // The server takes a while to reconnect.
    let pid: i32 = loop {
        let found = sqlx::query_scalar(somebody_else).fetch_optional(&mut connection).await;
        if let Some(pid) = found.unwrap() {
            break pid;
        }
    };
    // SAFETY: a plain system call on a process of this test's own server.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
    let stopped = sqlx::query("select pg_sleep(30)").execute(&mut connection).await;
    stopped.expect_err("all others are stopped with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_postgresql_hides_nothing_that_was_acknowledged() {
    let folder = folder();
    let postgres = embedded::Postgres::start(&folder).await.unwrap();
    let url = postgres.url().to_owned();
    let installation = Installation { database_url: url.clone(), ..Installation::new().await };
    let server = installation.start();
    let (ann, bob, eve) = (server.caller("ann"), server.caller("bob"), server.caller("eve"));
    for user in [&bob, &eve] {
        user.arrive().await;
    }
    let room = ann.create(json!(["bob", "eve"])).await;
    let path = format!("/api/apps/{}/messages", room["id"]);
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        for n in 0..10 {
            let text = format!("{round}/{n}");
            let request = ann.request(Method::POST, &path).json(&json!({ "text": text }));
            if send(request).await.status == 200 {
                acknowledged.insert(text);
            }
        }
        kill_a_backend(&url).await;
        wait_until("reading works again", async || bob.get(&path).await.status == 200).await;
        wait_until("everything is shown again", async || {
            all_messages(&bob, &path).await == acknowledged
        })
        .await;
    }
    assert!(!acknowledged.is_empty());

    wait_until("it is ready", async || ann.get("/readyz").await.status == 200).await;
    let group =
        ann.get("/v1/groups").await.expect(200)["data"][0]["id"].as_str().unwrap().to_owned();
    let only_bob = json!({"contacts": ["bob"]});
    ann.put_json(&format!("/v1/groups/{group}"), only_bob).await.expect(200);
    kill_a_backend(&url).await;
    wait_until("reading works again", async || ann.get(&path).await.status == 200).await;
    wait_until("who was taken out stays out", async || eve.get(&path).await.status == 404).await;
    wait_until("it is ready", async || ann.get("/readyz").await.status == 200).await;
    let badge = bob.get("/api/conversations/badge").await.expect(200);
    assert_eq!(badge, json!({"private": 0, "rooms": 1, "chat": 0}));
}
