//! Nobody reads what is logged or printed: that may be lost, and nothing else.

use std::fs::File;
use std::process::Stdio;

use serde_json::json;

use crate::harness::{Installation, SECRET, wait_until};

/// A pipe that nobody reads.
fn broken_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_log_goes_on_serving() {
    for standard_error in [full(), broken_pipe()] {
        let server = Installation::new().await.start_logging_to(standard_error);
        let (ann, bob) = (server.caller("ann"), server.caller("bob"));
        bob.arrive().await;
        let chat = ann.create(json!(["bob"])).await;
        ann.say(&chat, "hi").await;
        wait_until("all of it is published", async || {
            let metrics = server.key().get("/metrics").await.expect(200);
            let position = |name: &str| {
                let line = metrics.as_str().unwrap().lines().find(|line| line.starts_with(name))?;
                line.split_whitespace().last()?.parse::<f64>().ok()
            };
            position("colloquy_log_position").is_some_and(|head| head >= 4.0)
                && position("colloquy_relay_position") == position("colloquy_log_position")
        })
        .await;
        assert_eq!(server.interrupt(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_ends_quietly_when_nobody_reads_what_it_prints() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    ann.create(json!(["bob"])).await;
    let conversation: String = sqlx::query_scalar(
        "select aggregate_id from events where event_type = 'ConversationCreated'",
    )
    .fetch_one(&installation.pool().await)
    .await
    .unwrap();
    let wrong = format!("1:{}", "0".repeat(64));
    for (arguments, status) in [
        (&["token", "--user", "ann", "--jwt-secret", SECRET][..], 0),
        (&["openapi"], 0),
        (&["migrate"], 0),
        (&["config"], 0),
        (&["doctor"], 0),
        (&["keys", "generate"], 0),
        (&["audit", "log"], 0),
        (&["audit", "state", &conversation], 0),
        (&["audit", "state", &conversation, "--format", "json"], 0),
        (&["audit", "export"], 0),
        (&["audit", "verify"], 0),
        (&["audit", "verify", "--format", "json"], 0),
        // The outcome does not depend on who reads it.
        (&["audit", "verify", "--expect", &wrong], 3),
        (&["--help"], 0),
    ] {
        let ended = installation.run_into(broken_pipe(), arguments);
        assert_eq!(ended, (Some(status), String::new()), "{arguments:?}");
    }
    let full = installation.run_into(full(), &["openapi"]);
    assert_eq!(full.0, Some(1), "what could not be written for another reason is a failure");
    assert!(full.1.contains("No space left"), "{}", full.1);
}
