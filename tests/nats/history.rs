//! History for a new consumer, and what consumers are told.

use async_nats::jetstream;
use embedded::testing::folder;
use serde_json::{Value, json};

use crate::harness::{Installation, SECRET, Server, run, serve, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn history_is_published_once_more_to_a_stream_of_its_own() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "hi").await;
    let stream = format!("{}_NEW", installation.stream);
    let prefix = format!("new.{}", installation.prefix);
    let arguments =
        ["replay", "nats", "--from", "2", "--stream", &stream, "--subject-prefix", &prefix];
    let said = installation.done(&arguments);
    assert!(said.contains("positions 2 to 4 are published"), "{said}");
    ann.say(&chat, "again").await;
    let said = installation.done(&arguments);
    assert!(said.contains("positions 5 to 5 are published"), "{said}");
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let copied = jetstream::new(client).get_stream(&stream).await.unwrap();
    assert_eq!(copied.cached_info().state.messages, 4);

    for (arguments, expected) in [
        (&["--from", "1"][..], "expected --stream or --subject-prefix"),
        (&["--from", "1", "--stream", &installation.stream], "is the installation's own"),
        (&["--from", "1", "--subject-prefix", &installation.prefix], "is the installation's own"),
        (&["--from", "1", "--stream", "a b"], "--stream is \"a b\": expected letters"),
        (&["--from", "99", "--stream", "OTHER"], "the log ends with position 5"),
    ] {
        let arguments = [&["replay", "nats"], arguments].concat();
        let (status, _, errors) = installation.run(&arguments);
        assert!(status == Some(2) && errors.contains(expected), "{status:?}: {errors}");
    }
    for (payload, expected) in [("metadata", Value::Null), ("sealed", json!("[sealed]"))] {
        let stream = format!("{}_{payload}", installation.stream);
        let arguments = ["replay", "nats", "--from", "4", "--stream", &stream];
        let (status, _, errors) =
            installation.run_with(&arguments, &[("COLLOQUY_NATS_PAYLOAD", payload)]);
        assert_eq!(status, Some(0), "{errors}");
        let client = async_nats::connect(&installation.nats_url).await.unwrap();
        let copied = jetstream::new(client).get_stream(&stream).await.unwrap();
        let first = copied.cached_info().state.first_sequence;
        let message = copied.get_raw_message(first).await.unwrap();
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!((&body["type"], &body["text"]), (&json!("MessagePosted"), &expected));
    }
}

/// While a server runs its private NATS, and when it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn the_private_server_is_found_again_and_its_stream_checked_repaired_and_copied() {
    let folder = folder();
    let verb = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_colloquy"));
        command.args(arguments).env("COLLOQUY_DATA_DIR", &folder);
        let (status, output, errors) = run(command.env("COLLOQUY_JWT_SECRET", SECRET));
        (status, output + &errors)
    };
    let start = || {
        let mut command = serve();
        command.env_remove("DATABASE_URL").env_remove("NATS_URL");
        command.env("COLLOQUY_DATA_DIR", &folder);
        Server::start(command)
    };
    let url = || std::fs::read_to_string(folder.join("nats-reader-url")).unwrap();
    let server = start();
    let before = url();
    server.caller("ann").arrive().await;
    wait_until("it is published", async || {
        verb(&["replay", "nats", "--check"]).1.contains("messages 1 to 1 are the events")
    })
    .await;
    let (status, output) = verb(&["replay", "nats", "--from", "1", "--stream", "NEW"]);
    assert!(status == Some(0) && output.contains("replay.new.v1.>"), "{output}");
    let (_, output) = verb(&["doctor", "--format", "csv"]);
    let reads = "nats-reader-url')\"\" consumer next CONVERSATIONS NAME";
    assert!(output.contains(reads), "{output}");
    let password = before.split([':', '@']).nth(2).unwrap();
    assert!(!output.contains(password) && !server.log().contains(password));
    assert_eq!(server.interrupt(), Some(0));

    for arguments in [&["--check"][..], &["--repair", "--yes"]] {
        let (status, output) = verb(&[&["replay", "nats"], arguments].concat());
        assert!(status == Some(0) && output.contains("messages 1 to 1"), "{output}");
    }
    let _server = start();
    assert_eq!(url(), before, "it is found where it was");
}

/// Also checks every message against its schema.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_events_is_served_and_printed() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    let served = ann.get("/asyncapi.json").await.expect(200);
    assert_eq!(served["asyncapi"], "3.0.0");
    let printed: Value = serde_json::from_str(&installation.done(&["asyncapi"])).unwrap();
    assert_eq!(served, printed);

    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "hi").await;
    ann.put(&format!("/api/conversations/{}/pin", chat["id"])).await.expect(200);
    bob.put(&format!("/api/conversations/{}/mark", chat["id"])).await.expect(200);
    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let jetstream = jetstream::new(client);
    let stream = crate::faults::wait_for_stream(&jetstream, &installation.stream, 6).await;
    let schemas = served["components"]["schemas"].as_object().unwrap();
    let headers = jsonschema::validator_for(&schemas["Headers"]).unwrap();
    for position in 1..=6 {
        let message = stream.get_raw_message(position).await.unwrap();
        let pairs = message.headers.iter();
        let pairs = pairs.map(|(name, values)| (name.to_string(), json!(values[0].as_str())));
        let shown: Value = Value::Object(pairs.collect());
        headers.validate(&shown).unwrap();
        let schema = schemas.values().find(|schema| schema["$id"] == shown["ce-dataschema"]);
        let body = serde_json::from_slice(&message.payload).unwrap();
        jsonschema::validate(schema.unwrap(), &body).unwrap();
    }
}
