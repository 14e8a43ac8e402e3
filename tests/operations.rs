//! What operators ask, and the command line.

use std::process::Command;

use serde_json::json;

use crate::harness::{Installation, Server};

#[tokio::test]
async fn it_tells_that_it_lives_is_ready_and_how_it_does() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    assert_eq!(ann.get("/healthz").await.status, 200);
    assert_eq!(ann.get("/readyz").await.status, 200);
    let metrics = ann.get("/metrics").await.expect(200);
    for name in [
        "colloquy_command_seconds",
        "colloquy_http_seconds",
        "colloquy_append_batch_size",
        "colloquy_append_queue_length",
        "colloquy_log_position",
        "colloquy_projection_position",
        "colloquy_projection_lag",
        "colloquy_relay_position",
        "colloquy_pool_connections",
    ] {
        assert!(metrics.as_str().unwrap().contains(name), "{name}");
    }
}

#[tokio::test]
async fn the_description_names_every_endpoint_and_the_page_needs_nothing_from_elsewhere() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    let description = ann.get("/openapi.json").await.expect(200);
    for path in
        ["/api/conversations", "/api/conversations/{id}/mark", "/api/users/{user}", "/readyz"]
    {
        assert!(description["paths"][path].is_object(), "{path}");
    }
    let page = ann.get("/docs").await.expect(200);
    let page = page.as_str().unwrap();
    assert!(page.contains("/openapi.json") && !page.contains("https://"), "{page}");
}

#[tokio::test]
async fn an_interrupt_ends_it_with_status_0() {
    let installation = Installation::new().await;
    let server = installation.start();
    server.caller("ann").arrive().await;
    assert_eq!(server.interrupt(), Some(0));
    installation.start().caller("ann").arrive().await;
}

fn colloquy(installation: &Installation, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(arguments)
        .env("DATABASE_URL", &installation.database_url)
        .env("NATS_URL", &installation.nats_url)
        .env("COLLOQUY_NATS_STREAM", &installation.stream)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn the_log_can_be_read_and_the_doctor_finds_it_healthy() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "a secret text").await;

    let (status, output, _) = colloquy(&installation, &["audit", "log", "--format", "json"]);
    assert_eq!(status, Some(0));
    let types: Vec<String> = output
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["event_type"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(types, ["UserRegistered", "UserRegistered", "ConversationCreated", "MessagePosted"]);
    assert!(!output.contains("a secret text"));

    let (status, output, errors) = colloquy(&installation, &["doctor"]);
    assert_eq!(status, Some(0), "{output}{errors}");
}

#[tokio::test]
async fn wrong_usage_is_status_2_with_one_line() {
    let installation = Installation::new().await;
    for (arguments, expected) in [
        (
            &["serve", "--listen", "nowhere"][..],
            "COLLOQUY_LISTEN is \"nowhere\": expected an address",
        ),
        (&["config", "--jwt-secret", "short"], "COLLOQUY_JWT_SECRET"),
        (&["config", "--nats-stream", "a b"], "COLLOQUY_NATS_STREAM is \"a b\""),
    ] {
        let (status, _, errors) = colloquy(&installation, arguments);
        assert_eq!((status, errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    }
    let (status, output, _) = colloquy(&installation, &["config", "--format", "csv"]);
    assert_eq!(status, Some(0));
    assert!(output.contains("********") && !output.contains("colloquy-test"), "{output}");
}
