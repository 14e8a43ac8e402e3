//! A stored event that nobody can read: it costs its own conversation, and the rest only until an operator says so.

use serde_json::{Value, json};
use sqlx::Executor;

use super::all_messages;
use crate::harness::{Installation, wait_until};

/// What a newer version might have appended to the stream of a conversation; returns its position.
async fn append_from_the_future(installation: &Installation, conversation: &str) -> i64 {
    let (position,): (i64,) = sqlx::query_as(
        "select first_position from append_events(null, array[1::bigint], array['conversation'],
             array[$1], array[(select max(sequence) from events where aggregate_id = $1)], array[1],
             array[''], array[null]::text[], array[null]::bytea[], array[null]::bytea[], array[1],
             array[gen_random_uuid()], array['FromTheFuture'], array['1'],
             array['{\"type\":\"FromTheFuture\"}'], array['{}'], array[$1::uuid],
             array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
    )
    .bind(conversation)
    .fetch_one(&installation.pool().await)
    .await
    .unwrap();
    position
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_event_costs_no_more_than_its_own_conversation() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob, dan) = (server.caller("ann"), server.caller("bob"), server.caller("dan"));
    bob.arrive().await;
    dan.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let other = ann.create(json!(["dan"])).await;
    ann.say(&chat, "before").await;
    let created = "select aggregate_id from events where event_type = 'ConversationCreated'
                   order by position limit 1";
    let pool = installation.pool().await;
    let stream: String = sqlx::query_scalar(created).fetch_one(&pool).await.unwrap();
    let position = append_from_the_future(&installation, &stream).await;
    wait_until("everything is stopped", async || {
        ann.get("/readyz").await.body.as_str().is_some_and(|body| body.contains("projection"))
    })
    .await;

    let quarantine = |position: i64| {
        let position = position.to_string();
        installation.run(&["audit", "quarantine", &position, "--reason", "of a newer version"])
    };
    let (status, _, said) = quarantine(position - 1);
    assert_eq!((status, said.contains("can be read")), (Some(1), true), "{said}");
    let (status, _, said) = quarantine(position + 1000);
    assert_eq!((status, said.contains("there is no event")), (Some(1), true), "{said}");
    let (status, output, said) = quarantine(position);
    assert_eq!(status, Some(0), "{output}{said}");

    wait_until("it has caught up", async || ann.get("/readyz").await.body == "ready\n").await;
    ann.say(&other, "others go on").await;
    let path = format!("/api/apps/{}/messages", chat["id"]);
    assert_eq!(all_messages(&ann, &path).await.len(), 1);
    let refused = ann.post(&path, json!({ "text": "after" })).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    let detail = refused.body["detail"].as_str().unwrap();
    assert_eq!(detail, "part of what is recorded here cannot be read, and an operator has to act");

    auditors_see_it(&installation, &stream, position);
    let host = server.key();
    wait_until("it is measured", async || {
        super::metric(&host, "colloquy_quarantined_events").await == Some(1.0)
    })
    .await;
    let details = host.get("/readyz?verbose").await.expect(200);
    assert_eq!(details["quarantined"][0]["position"], position);
    assert_eq!(details["quarantined"][0]["reason"], "of a newer version");
    server.kill();
    pool.execute("update checkpoints set version = -1 where name <> 'relay'").await.unwrap();
    let server = installation.start();
    server.caller("ann").say(&other, "and after a restart").await;
}

fn auditors_see_it(installation: &Installation, stream: &str, position: i64) {
    let verified = installation.done(&["audit", "verify"]);
    let line = verified.lines().find(|line| line.starts_with("quarantined: ")).unwrap();
    assert!(line.starts_with(&format!("quarantined: position {position}, by ")), "{line}");
    assert!(line.ends_with(": of a newer version"), "{line}");
    let doctor = installation.done(&["doctor", "--format", "csv"]);
    assert!(doctor.contains(&format!("passed over: {position} ")), "{doctor}");
    installation.done(&["audit", "log", stream]);
    let state = installation.done(&["audit", "state", stream, "--format", "json"]);
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["unreadable_positions"], json!([position]));
    assert_eq!(state["message_count"], 1);
}
