//! Keys that somebody changed or took away behind the server's back.

use serde_json::{Value, json};
use sqlx::{Executor, PgPool};

use crate::harness::{Caller, Installation, wait_until};

const FLIPPED: &str = "set wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))";

/// The conversations' streams, in the order of their creation.
async fn streams(pool: &PgPool) -> Vec<String> {
    let made = "select aggregate_id from events where event_type = 'ConversationCreated'
                order by position";
    sqlx::query_scalar(made).fetch_all(pool).await.unwrap()
}

async fn first_message(pool: &PgPool, stream: &str) -> i64 {
    let first = "select min(position) from events
                 where aggregate_id = $1 and event_type = 'MessagePosted'";
    sqlx::query_scalar(first).bind(stream).fetch_one(pool).await.unwrap()
}

/// Deletes the key of one message and changes that of another; deletes the key of one stream and
/// changes that of another.
async fn spoil(pool: &PgPool) {
    let streams = streams(pool).await;
    let posted = |stream: &str| {
        format!(
            "position in (select position from events
                          where aggregate_id = '{stream}' and event_type = 'MessagePosted')"
        )
    };
    for statement in [
        format!("delete from event_keys where {}", posted(&streams[0])),
        format!("update event_keys {FLIPPED} where {}", posted(&streams[1])),
        format!("delete from stream_keys where aggregate_id = '{}'", streams[2]),
        format!("update stream_keys {FLIPPED} where aggregate_id = '{}'", streams[3]),
    ] {
        pool.execute(&*statement).await.unwrap();
    }
}

/// The statuses of reading each spoilt conversation and of posting to it. The intact one must work.
async fn looked_at(ann: &Caller, spoilt: &[Value], other: &Value) -> [[u16; 2]; 4] {
    let mut answered = [[0; 2]; 4];
    for (chat, answered) in spoilt.iter().zip(&mut answered) {
        let path = format!("/api/apps/{}/messages", chat["id"]);
        let read = ann.get(&path).await;
        let posted = ann.post(&path, json!({ "text": "after" })).await;
        if posted.status == 500 {
            let why = "part of what is recorded here cannot be read, and an operator has to act";
            assert_eq!(posted.body["detail"], why);
        }
        *answered = [read.status.as_u16(), posted.status.as_u16()];
    }
    ann.say(other, "others go on").await;
    answered
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_were_tampered_with_cost_no_more_than_their_own_conversations() {
    let installation = Installation::new().await;
    let server = installation.start();
    let ann = server.caller("ann");
    let mut spoilt = Vec::new();
    for n in 0..4 {
        server.caller(&format!("bob{n}")).arrive().await;
        let chat = ann.create(json!([format!("bob{n}")])).await;
        ann.say(&chat, "before").await;
        spoilt.push(chat);
    }
    server.caller("cat").arrive().await;
    let other = ann.create(json!(["cat"])).await;
    let pool = installation.pool().await;
    spoil(&pool).await;

    // A running server has the keys that it needs in memory.
    assert_eq!(looked_at(&ann, &spoilt, &other).await, [[200, 200]; 4]);
    server.kill();
    let server = installation.start();
    let ann = server.caller("ann");
    let (goes_on, stands) = ([200, 200], [200, 500]);
    let answered = looked_at(&ann, &spoilt, &other).await;
    assert_eq!(answered, [goes_on, stands, stands, stands]);
    let (status, said, _) = installation.run(&["audit", "verify"]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("the key to its text does not open"), "{said}");
    server.kill();

    // Rebuilding stops at what cannot be decrypted, until an operator quarantines it.
    pool.execute("update checkpoints set schema_oid = 0 where name <> 'relay'").await.unwrap();
    let server = installation.start();
    let ann = server.caller("ann");
    for chat in streams(&pool).await.iter().skip(1).take(3) {
        let first = first_message(&pool, chat).await.to_string();
        let reason = ["--stream", "--reason", "its key was changed"];
        let quarantined = [&["audit", "quarantine", &first], &reason[..]].concat();
        wait_until("it is quarantined", async || installation.run(&quarantined).0 == Some(0)).await;
    }
    wait_until("it has caught up", async || ann.get("/readyz").await.body == "ready\n").await;
    let answered = looked_at(&ann, &spoilt, &other).await;
    assert_eq!(answered, [goes_on, stands, stands, stands]);
}

/// Keys that do not open are as wrong as missing ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_changed_is_found_by_verify() {
    let installation = Installation::new().await;
    let server = installation.start();
    let ann = server.caller("ann");
    server.caller("bob").arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "before").await;
    let pool = installation.pool().await;
    for (table, which) in
        [("event_keys", "position = 4"), ("stream_keys", "aggregate_type = 'conversation'")]
    {
        let flip = format!("update {table} {FLIPPED} where {which}");
        pool.execute(&*flip).await.unwrap();
        let (status, said, errors) = installation.run(&["audit", "verify"]);
        assert_eq!(status, Some(3), "{table}: {said}{errors}");
        assert!(said.starts_with("WRONG at position 4: "), "{table}: {said}");
        pool.execute(&*flip).await.unwrap();
        assert_eq!(installation.run(&["audit", "verify"]).0, Some(0));
    }
}
