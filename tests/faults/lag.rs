//! The reported age of a lag keeps growing, also while nothing succeeds.

use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};

use super::metric;
use crate::harness::{Caller, Installation, wait_until};

const LAG: &str = "colloquy_projection_lag";
const LAG_S: &str = "colloquy_projection_lag_seconds{projection=\"messages\"}";

/// What an operator sees of a follower of the log.
async fn follower(host: &Caller, name: &str) -> Value {
    let details = host.get("/readyz?verbose").await.body;
    let followers = details["followers"].as_array().unwrap();
    followers.iter().find(|follower| follower["name"] == name).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_yet_shown_grows_older_until_it_is() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob, host) = (server.caller("ann"), server.caller("bob"), server.key());
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    // No follower can write its checkpoint.
    let mut blocker = PgConnection::connect(&installation.database_url).await.unwrap();
    blocker.execute("begin; lock table checkpoints in exclusive mode").await.unwrap();
    let path = format!("/api/apps/{}/messages", chat["id"]);
    let saying = tokio::spawn(async move { ann.post(&path, json!({ "text": "hi" })).await });
    for older_than in [0.5, 2.0] {
        wait_until("it grows older", async || {
            metric(&host, LAG_S).await.is_some_and(|age| age > older_than)
        })
        .await;
    }
    assert_eq!(metric(&host, LAG).await, Some(1.0));
    for name in ["messages", "relay"] {
        let told = follower(&host, name).await;
        assert!(told["lag"] == 1 && told["lag_s"].as_f64().unwrap() > 2.0, "{told}");
    }
    let doctor = installation.run(&["doctor", "--format", "csv"]).1;
    let line = doctor.lines().find(|line| line.starts_with("follower messages,")).unwrap();
    assert!(line.contains("1 behind for "), "{line}");

    blocker.execute("rollback").await.unwrap();
    // If the request waited for ten seconds, it was refused.
    assert!([200, 503].contains(&saying.await.unwrap().status.as_u16()));
    wait_until("nothing is behind", async || {
        metric(&host, LAG_S).await == Some(0.0) && metric(&host, LAG).await == Some(0.0)
    })
    .await;
    assert_eq!(follower(&host, "messages").await["lag_s"], 0.0);
}
