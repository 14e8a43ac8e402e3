//! What operators ask for over HTTP, and the command line.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;

use crate::harness::{Answer, Installation, Server, wait_until};

#[tokio::test]
async fn it_tells_that_it_lives_is_ready_and_how_it_does() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    assert_eq!(ann.get("/healthz").await.status, 200);
    assert_eq!(ann.get("/readyz").await.status, 200);
    let names = [
        "colloquy_command_seconds",
        "colloquy_http_seconds",
        "colloquy_append_batch_size",
        "colloquy_append_queue_length",
        "colloquy_log_position",
        "colloquy_projection_position",
        "colloquy_projection_lag",
        "colloquy_relay_position",
        "colloquy_pool_connections",
        "colloquy_lease_held",
        "colloquy_lease_epoch",
    ];
    wait_until("all of it is measured", async || {
        let metrics = server.key().get("/metrics").await.expect(200);
        names.iter().all(|name| metrics.as_str().unwrap().contains(name))
    })
    .await;
}

/// The names of the metrics in an answer.
fn metrics(answer: &Answer) -> BTreeSet<&str> {
    let lines = answer.body.as_str().unwrap().lines();
    let samples = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    samples.map(|sample| sample.split([' ', '{']).next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_and_who_scrapes_for_them_can_count_what_all_accounts_do() {
    let token = "a-scrape-token-of-32-bytes-or-more";
    let server = Installation::new().await.start_with(&["--metrics-token", token]);
    let ann = server.caller("ann");
    ann.arrive().await;
    let strangers = ["", &ann.token, &token[1..], &server.caller_with("host", 2, "service").token];
    for stranger in strangers {
        wait_until("it is measured", async || {
            let open = ann.with_token(stranger).get("/metrics").await;
            assert_eq!(open.status, 200);
            metrics(&open)
                == BTreeSet::from([
                    "colloquy_lease_held",
                    "colloquy_pool_connections",
                    "colloquy_pool_connections_idle",
                    "colloquy_projection_lag_seconds",
                    "colloquy_relay_failing",
                    "colloquy_relay_lag_seconds",
                ])
        })
        .await;
    }
    for entitled in [token, &server.key().token] {
        let all = ann.with_token(entitled).get("/metrics").await;
        let named = ["colloquy_http_seconds_count", "colloquy_log_position"];
        assert!(metrics(&all).is_superset(&BTreeSet::from(named)), "{}", all.body);
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
    for dialect in ["weavy", "protocol", "pulse", "chatwoot", "audit", "operations"] {
        let alone = ann.get(&format!("/openapi/{dialect}.json")).await.expect(200);
        let (paths, all) = (alone["paths"].as_object().unwrap(), &description["paths"]);
        assert!(paths.iter().all(|(path, item)| all[path] == *item), "{dialect}");
    }
    let page = ann.get("/docs").await.expect(200);
    let page = page.as_str().unwrap();
    assert!(page.contains("/openapi.json") && !page.contains("https://"), "{page}");
    let from_here = page.split('"').filter(|value| value.starts_with('/'));
    for path in from_here.collect::<BTreeSet<_>>() {
        ann.get(path).await.expect(200);
    }
    let first = reqwest::get(&server.url).await.unwrap();
    assert!(first.url().path() == "/docs", "{}", first.url());
    let policy = first.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
}

#[tokio::test]
async fn an_interrupt_ends_it_with_status_0() {
    let installation = Installation::new().await;
    let server = installation.start();
    server.caller("ann").arrive().await;
    assert_eq!(server.interrupt(), Some(0));
    installation.start().caller("ann").arrive().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_the_parts_are_for_operators() {
    let server = Server::fresh().await;
    let ann = server.caller("ann");
    ann.arrive().await;
    for stranger in [&ann, &server.caller_with("host", 2, "service")] {
        assert_eq!(stranger.get("/readyz?verbose").await.status, 403);
        assert_eq!(stranger.get("/readyz").await.body, "ready\n");
    }
    let host = server.key();
    wait_until("everything is published, and somebody has looked since", async || {
        let details = host.get("/readyz?verbose").await.expect(200);
        let leases = details["leases"].as_array();
        details["relay"]["position"] == details["log"]["position"]
            && details["relay"]["leader"] == true
            && leases
                .is_some_and(|all| all.iter().filter(|one| one["is_held"] == true).count() == 3)
    })
    .await;
    let details = host.get("/readyz?verbose").await.expect(200);
    assert_eq!(details["condition"], "ready");
    assert_eq!(details["failing"], json!([]));
    assert_eq!(details["postgresql"], json!(null));
    assert_eq!(details["projections"]["lag"], 0);
    let node = details["node"].as_str().unwrap();
    for (lease, name) in ["projector_4", "reactors", "relay"].into_iter().enumerate() {
        let lease = &details["leases"][lease];
        assert_eq!((&lease["name"], &lease["owner"]), (&json!(name), &json!(node)));
        assert!(lease["is_held"] == true && lease["epoch"] == 1, "{lease}");
        assert!(lease["expires_at"].is_string(), "{lease}");
    }
    assert_eq!(details["quarantined"], json!([]));
    for (pool, max) in [("log", 3), ("queries", 6)] {
        assert_eq!(details["pools"][pool]["max"], max, "{}", details["pools"]);
    }
    assert_eq!(details["append_queue"], json!({"length": 0, "length_max": 4096}));
}

/// Committed so that a change of the API shows in its diff.
#[test]
fn the_committed_descriptions_are_those_that_are_served() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    for (dialect, file) in [
        ("", "openapi.json"),
        ("weavy", "openapi/weavy.json"),
        ("protocol", "openapi/protocol.json"),
        ("pulse", "openapi/pulse.json"),
        ("chatwoot", "openapi/chatwoot.json"),
        ("audit", "openapi/audit.json"),
        ("operations", "openapi/operations.json"),
    ] {
        let arguments = ["openapi", dialect].into_iter().filter(|argument| !argument.is_empty());
        let printed =
            Command::new(env!("CARGO_BIN_EXE_colloquy")).args(arguments).output().unwrap();
        let committed = std::fs::read(format!("{folder}/{file}")).unwrap();
        assert!(printed.stdout == committed, "run: colloquy openapi {dialect} > docs/{file}");
    }
}

#[tokio::test]
async fn the_log_can_be_read_and_the_doctor_finds_it_healthy() {
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "a secret text").await;

    let (status, output, _) = installation.run(&["audit", "log", "--format", "json"]);
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
    assert!(output.contains("a secret text"), "with the master key, the text can be read");
    let (_, output, _) =
        installation.run(&["audit", "log", "--format", "csv", "--type", "MessagePosted"]);
    assert_eq!(output.lines().count(), 2, "{output}");

    let (status, output, errors) = installation.run(&["doctor"]);
    assert_eq!(status, Some(0), "{output}{errors}");
    for found in [
        "connections",
        "lease projector_4",
        "held by node",
        "nothing is passed over",
        "open files",
        "data folder",
        "encoding UTF8, und-x-icu",
    ] {
        assert!(output.contains(found), "{output}");
    }
}

#[tokio::test]
async fn the_doctor_looks_at_the_address_that_a_server_would_listen_on() {
    let installation = Installation::new().await;
    let server = installation.start();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = server.url.strip_prefix("http://").unwrap().to_owned();
    for (address, verdict, status) in [
        ("127.0.0.1:0".to_owned(), "ok,127.0.0.1:0 is free", 0),
        (ours.clone(), &*format!("ok,a server listens on {ours}"), 0),
        (other.local_addr().unwrap().to_string(), "FAILED", 3),
        ("192.0.2.1:80".to_owned(), "FAILED,192.0.2.1:80: ", 3),
    ] {
        let variables = [("COLLOQUY_LISTEN", &*address)];
        let doctor = installation.run_with(&["doctor", "--format", "csv"], &variables);
        let line = doctor.1.lines().find(|line| line.starts_with("listen address,")).unwrap();
        assert_eq!(doctor.0, Some(status), "{}", doctor.1);
        assert!(line.starts_with(&format!("listen address,{verdict}")), "{line}");
        assert!(status == 0 || line.contains("set COLLOQUY_LISTEN"), "{line}");
    }
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
        (&["config", "--metrics-token", "short"], "COLLOQUY_METRICS_TOKEN"),
        (&["keys", "rotate", "--to", "short"], "COLLOQUY_NEW_MASTER_KEY"),
        (&["config", "--nats-stream", "a b"], "COLLOQUY_NATS_STREAM is \"a b\""),
        (
            &["config", "--nats-payload", "all"],
            "COLLOQUY_NATS_PAYLOAD is \"all\": expected full, sealed or metadata",
        ),
        (&["openapi", "smoke"], "expected weavy, protocol"),
    ] {
        let (status, _, errors) = installation.run(arguments);
        assert_eq!((status, errors.lines().count()), (Some(2), 1), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    }
    let state = ["audit", "state", "7", "--at", "tomorrow"];
    let (status, _, errors) = installation.run(&state);
    assert!(status == Some(2) && errors.contains("2 days ago"), "{errors}");
    let (status, output, _) = installation.run(&["config", "--format", "csv"]);
    assert_eq!(status, Some(0));
    assert!(output.contains("********") && !output.contains("colloquy-test"), "{output}");
}
