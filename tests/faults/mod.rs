//! What is acknowledged stays, whatever is killed.

mod clocks;
mod connections;
mod fairness;
mod frozen;
mod held_log;
mod keys;
mod lag;
mod memory;
mod neighbours;
mod outages;
mod owners;
mod postgres;
mod private_servers;
mod projections;
mod readers;
mod recorded;
mod secrets;
mod starts;
pub mod stream;
mod streams;
mod time;
mod tls;
mod unreadable;
mod values;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Installation, Server, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_no_acknowledged_command() {
    let installation = Installation::new().await;
    let server = installation.start();
    let users: Vec<_> = (0..8).map(|n| server.caller(&format!("user{n}"))).collect();
    for user in &users {
        user.arrive().await;
    }
    let room = users[0]
        .create(json!(["user1", "user2", "user3", "user4", "user5", "user6", "user7"]))
        .await;
    let path = format!("/api/apps/{}/messages", room["id"]);
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let posters: Vec<_> = users
        .iter()
        .enumerate()
        .map(|(n, user)| {
            let (user, path, acknowledged) = (user.clone(), path.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for m in 0.. {
                    let text = format!("{n}/{m}");
                    let request = user.request(Method::POST, &path).json(&json!({ "text": text }));
                    match request.send().await {
                        Ok(answer) if answer.status() == 200 => {
                            acknowledged.lock().unwrap().insert(text);
                        }
                        _ => return,
                    }
                }
            })
        })
        .collect();
    wait_until("a load is under way", async || acknowledged.lock().unwrap().len() > 200).await;
    server.kill();
    for poster in posters {
        poster.await.unwrap();
    }

    let server = installation.start();
    let ann = server.caller("user0");
    let found = all_messages(&ann, &path).await;
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.is_subset(&found), "{:?}", acknowledged.difference(&found));

    // The read models agree with the log.
    let pool = installation.pool().await;
    let logged: i64 =
        sqlx::query_scalar("select count(*) from events where event_type = 'MessagePosted'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(found.len() as i64, logged);
    for n in 0..8 {
        let badge = server.caller(&format!("user{n}")).get("/api/conversations/badge").await;
        assert_eq!(badge.expect(200), json!({"private": 0, "rooms": 1, "chat": 0}));
    }
}

pub async fn all_messages(caller: &crate::harness::Caller, path: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let answer = caller.get(&format!("{path}?top=100&skip={}", found.len())).await;
        if answer.status == 503 {
            // During an outage everybody is told to try again.
            assert!(answer.headers.contains_key("retry-after"));
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        let page = answer.expect(200);
        let texts =
            page["data"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned());
        found.extend(texts);
        if page["end"].as_i64() >= page["count"].as_i64() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_agree_through_the_position() {
    let installation = Installation::new().await;
    let (one, two) = (installation.start(), installation.start());
    two.caller("bob").arrive().await;
    let ann = one.caller("ann");
    for _ in 0..20 {
        let answer = ann.post("/api/conversations", json!({"members": ["bob"], "name": "x"})).await;
        let position = answer.headers["colloquy-position"].to_str().unwrap().to_owned();
        let chat = answer.expect(201);
        let request = two
            .caller("bob")
            .request(Method::GET, &format!("/api/conversations/{}", chat["id"]))
            .header("Colloquy-Position", position);
        let seen: Value = crate::harness::send(request).await.expect(200);
        assert_eq!(seen["id"], chat["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_on_nats_under_its_position() {
    use futures::StreamExt;
    let installation = Installation::new().await;
    let server = installation.start();
    let (ann, bob) = (server.caller("ann"), server.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    ann.say(&chat, "hi").await;
    ann.put(&format!("/api/conversations/{}/pin", chat["id"])).await.expect(200);

    let client = async_nats::connect(&installation.nats_url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = wait_for_stream(&jetstream, &installation.stream, 5).await;
    let consumer = stream
        .create_consumer(async_nats::jetstream::consumer::pull::OrderedConfig::default())
        .await
        .unwrap();
    let mut messages = consumer.messages().await.unwrap().take(5);
    let mut subjects = Vec::new();
    while let Some(message) = messages.next().await {
        let message = message.unwrap();
        let headers = message.headers.clone().unwrap();
        let sequence = message.info().unwrap().stream_sequence.to_string();
        assert_eq!(headers.get("Colloquy-Position").unwrap().as_str(), sequence);
        assert_eq!(headers.get("ce-id").unwrap(), headers.get("Nats-Msg-Id").unwrap());
        subjects.push(message.subject.rsplit_once('.').unwrap().1.to_owned());
    }
    assert_eq!(
        subjects,
        [
            "UserRegistered",
            "UserRegistered",
            "ConversationCreated",
            "MessagePosted",
            "ConversationPinned"
        ]
    );
}

/// The value of a metric, as an operator reads it.
async fn metric(host: &Caller, name: &str) -> Option<f64> {
    let metrics = host.get("/metrics").await.expect(200);
    let samples = metrics.as_str()?.lines().filter_map(|line| line.rsplit_once(' '));
    samples.filter(|(sample, _)| *sample == name).find_map(|(_, value)| value.parse().ok())
}

pub async fn wait_for_stream(
    jetstream: &async_nats::jetstream::Context,
    name: &str,
    sequence: u64,
) -> async_nats::jetstream::stream::Stream {
    wait_until("the stream has all events", async || match jetstream.get_stream(name).await {
        Ok(stream) => stream.cached_info().state.last_sequence >= sequence,
        Err(_) => false,
    })
    .await;
    jetstream.get_stream(name).await.unwrap()
}

#[tokio::test]
async fn a_server_without_nats_records_and_says_so() {
    let mut installation = Installation::new().await;
    installation.nats_url = "off".to_owned();
    let server: Server = installation.start();
    server.caller("ann").arrive().await;
}
