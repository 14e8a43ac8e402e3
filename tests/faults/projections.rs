//! A read model that cannot take an event stops alone, and says so.

use domain::ConversationId;
use domain::conversation::Command;
use serde_json::json;
use sqlx::Executor;
use uuid::Uuid;

use crate::harness::{Installation, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_that_cannot_take_an_event_stops_alone_and_catches_up_after_the_fix() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let path = format!("/api/conversations/{}", chat["id"]);
    let pool = installation.pool().await;
    let broken = "alter table memberships add constraint nothing_is_pinned check (pinned is null)";
    pool.execute(broken).await.unwrap();

    // The command is recorded, but its result cannot be shown.
    let answer = ann.put(&format!("{path}/pin")).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("memberships"), "{detail}");

    wait_until("the failing part is named", async || {
        let ready = ann.get("/readyz").await;
        ready.status == 200 && ready.body == "degraded: projection memberships\n"
    })
    .await;
    assert_eq!(ann.get("/api/conversations").await.status, 503);
    // Other requests still work, and so do commands that do not need the stopped model.
    server.caller("cat").arrive().await;
    server.key().put_json("/api/users/dan", json!({ "name": "Dan" })).await.expect(200);
    assert!(server.log().contains("projection stopped"));
    server.kill();

    pool.execute("alter table memberships drop constraint nothing_is_pinned").await.unwrap();
    let server = installation.start();
    let ann = server.caller("ann");
    // Once the lease of the killed node has expired.
    wait_until("it has caught up", async || ann.get("/readyz").await.body == "ready\n").await;
    assert_eq!(ann.get(&path).await.expect(200)["is_pinned"], true);
}

/// A node that is far behind must neither look like one that is down nor show stale data.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_behind_listens_and_refuses_until_it_has_caught_up() {
    let installation = Installation::new().await;
    let server = installation.start();
    server.caller("bob").arrive().await;
    server.caller("ann").create(json!(["bob"])).await;
    assert_eq!(server.interrupt(), Some(0));
    let pool = installation.pool().await;
    let conversation: Uuid = sqlx::query_scalar(
        "select conversation_id from events where event_type = 'ConversationCreated'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    installation.tell(ConversationId::new(conversation), Command::TrashConversation).await;
    let mut held = pool.begin().await.unwrap();
    held.execute("select from checkpoints for update").await.unwrap();

    let server = installation.start();
    let ann = server.caller("ann");
    assert_eq!(ann.get("/healthz").await.status, 200);
    let ready = ann.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.body), (503, json!("projections: catching up\n")));
    let answer = ann.get("/api/conversations").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    held.rollback().await.unwrap();
    wait_until("it has caught up", async || ann.get("/readyz").await.body == "ready\n").await;
    assert_eq!(ann.get("/api/conversations").await.expect(200)["data"], json!([]));
}

/// While nothing writes the directory, users are not told that they do not exist.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_request_while_nothing_is_projected_is_asked_to_come_again() {
    let installation = Installation::new().await;
    let server = installation.start();
    server.caller("ann").arrive().await;
    let pool = installation.pool().await;
    let mut held = pool.begin().await.unwrap();
    held.execute("select from checkpoints for update").await.unwrap();

    let bob = server.caller("bob");
    let answer = bob.get("/api/user").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));

    held.rollback().await.unwrap();
    wait_until("it has caught up", async || bob.get("/api/user").await.status == 200).await;
}
