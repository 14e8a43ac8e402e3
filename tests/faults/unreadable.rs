//! A stored event that cannot be read: it blocks its own conversation, and everything else only
//! until an operator quarantines it.

use serde_json::{Value, json};
use sqlx::Executor;

use super::all_messages;
use crate::harness::{Installation, wait_until};

/// Appends an event that no command would to a conversation's stream; returns its position.
async fn append(installation: &Installation, conversation: &str, kind: &str, fields: &str) -> i64 {
    let (position,): (i64,) = sqlx::query_as(
        "select first_position from append_events(null, array[1::bigint], array[1], array[''],
             array[null]::text[], array[null]::bytea[], array[1], array['conversation'], array[$1],
             array[(select max(sequence) from events where aggregate_id = $1)],
             array[null]::bytea[], array[1], array[gen_random_uuid()], array[$2], array['1'],
             array[format('{\"type\":\"%s\"%s}', $2, $3)], array['{}'], array[$1::uuid],
             array['no key of ours'::bytea], array[null]::uuid[], array[null]::text[])",
    )
    .bind(conversation)
    .bind(kind)
    .bind(fields)
    .fetch_one(&installation.pool().await)
    .await
    .unwrap();
    position
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_events_cost_no_more_than_their_own_conversation() {
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
    // An event type of a newer version, and a text that cannot be decrypted.
    let position = append(&installation, &stream, "FromTheFuture", "").await;
    let sealed = ",\"text\":{\"$sealed\":\"AAAA\"}";
    append(&installation, &stream, "MessagePosted", sealed).await;
    wait_until("everything is stopped", async || {
        let ready = ann.get("/readyz").await.body;
        ready.as_str().is_some_and(|body| body.contains("projection") && body.contains("relay"))
    })
    .await;

    let rebuild = ["replay", "projection", "--all"];
    let (status, _, said) = installation.run(&rebuild);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains(&format!("the event at position {position} cannot be applied")),
        "{said}"
    );
    assert!(said.contains(&format!("`colloquy audit quarantine {position} --reason")), "{said}");

    let quarantine = |position: i64| {
        let position = position.to_string();
        let reason = ["--reason", "nobody knows it"];
        installation.run(&[&["audit", "quarantine", &position, "--stream"], &reason[..]].concat())
    };
    let (status, _, said) = quarantine(position - 1);
    assert_eq!((status, said.contains("can be read")), (Some(1), true), "{said}");
    let (status, _, said) = quarantine(position + 1000);
    assert_eq!((status, said.contains("there is no event")), (Some(1), true), "{said}");
    let (status, output, said) = quarantine(position);
    assert_eq!((status, output.lines().count()), (Some(0), 2), "{output}{said}");

    wait_until("it has caught up", async || ann.get("/readyz").await.body == "ready\n").await;
    ann.say(&other, "others go on").await;
    let built = installation.done(&rebuild);
    assert!(built.contains(&format!("up to position {} ", position + 2)), "{built}");
    installation.done(&["replay", "projection", "--conversation", &stream]);
    assert_eq!(installation.done(&["replay", "verify"]), "");
    let path = format!("/api/apps/{}/messages", chat["id"]);
    assert_eq!(all_messages(&ann, &path).await.len(), 1);
    let refused = ann.post(&path, json!({ "text": "after" })).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    let detail = refused.body["detail"].as_str().unwrap();
    assert_eq!(detail, "part of what is recorded here cannot be read, and an operator has to act");
    consumers_see_it(&installation, position + 1).await;

    auditors_see_it(&installation, &stream, position).await;
    let host = server.key();
    wait_until("it is measured", async || {
        super::metric(&host, "colloquy_quarantined_events").await == Some(2.0)
    })
    .await;
    let details = host.get("/readyz?verbose").await.expect(200);
    assert_eq!(details["quarantined"][0]["position"], position);
    assert_eq!(details["quarantined"][0]["reason"], "nobody knows it");
    server.kill();
    pool.execute("update checkpoints set schema_oid = 0 where name <> 'relay'").await.unwrap();
    let server = installation.start();
    server.caller("ann").say(&other, "and after a restart").await;
}

async fn consumers_see_it(installation: &Installation, position: i64) {
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream(&installation.stream).await.unwrap();
    let message = stream.get_raw_message(position as u64).await.unwrap();
    let told: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(told, json!({ "type": "MessagePosted", "text": "[unreadable]" }));
}

async fn auditors_see_it(installation: &Installation, stream: &str, position: i64) {
    let verified = installation.done(&["audit", "verify"]);
    let lines: Vec<_> = verified.lines().filter(|line| line.starts_with("quarantined: ")).collect();
    for (line, position) in lines.iter().zip([position, position + 1]) {
        assert!(line.starts_with(&format!("quarantined: position {position}, by ")), "{line}");
        assert!(line.ends_with(": nobody knows it"), "{line}");
    }
    assert_eq!(lines.len(), 2);
    let doctor = installation.done(&["doctor", "--format", "csv"]);
    assert!(doctor.contains(&format!("passed over: {position}")), "{doctor}");
    let log = installation.done(&["audit", "log", stream, "--format", "json"]);
    assert!(log.contains("before") && log.contains("[unreadable]"), "{log}");
    let state = installation.done(&["audit", "state", stream, "--format", "json"]);
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["unreadable_positions"], json!([position, position + 1]));
    assert_eq!(state["message_count"], 1);

    let folder = embedded::testing::folder();
    let file = folder.join("log.ndjson").to_str().unwrap().to_owned();
    installation.done(&["audit", "export", "--with-keys", "--output", &file]);
    assert_eq!(installation.done(&["audit", "verify", "--file", &file]), verified);
    let there = Installation::new().await;
    there.done(&["audit", "import", &file]);
    assert_eq!(there.done(&["audit", "verify"]), verified, "quarantines move with the log");
}
