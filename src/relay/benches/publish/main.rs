//! Compares the relay with a raw publisher that expects no sequence numbers, on one broker, in one
//! run: how fast each publishes a backlog. Prints events per second, and the ratio of the medians.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on may panic, and is an edge of its own"
)]

mod raw;

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use domain::{AccountId, Position};
use event_store::{Append, Appender, Keys, Log, NewEvent, Settings, StreamEvents};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use raw::IN_FLIGHT_MAX;

const PAYLOAD: &str = concat!(
    r#"{"type":"MessagePosted","#,
    r#""text":"Shall we meet at ten, or would the afternoon suit you better?"}"#,
);
const BACKLOG: i64 = 50_000;
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    let log = backlog().await;
    let (mut raw_rates, mut headed_rates, mut our_rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw_rates.push(raw::publish(&log, BACKLOG, &HeaderMap::new()).await);
        headed_rates.push(raw::publish(&log, BACKLOG, &headers()).await);
        our_rates.push(relay(&log).await);
    }
    let (raw, headed, ours) = (median(raw_rates), median(headed_rates), median(our_rates));
    println!("events per second, median of {ROUNDS} rounds of {BACKLOG} events");
    println!("raw publish, {IN_FLIGHT_MAX} in flight, read from the log  {raw:>10.0}");
    println!("the same, with as many headers as the relay's {headed:>9.0}");
    println!("relay, fenced, with checkpoints              {ours:>10.0}");
    println!("ratio to the raw publish                     {:>10.2}", ours / raw);
    println!("ratio to the one with headers                {:>10.2}", ours / headed);
}

/// Headers as long as the relay's, the same for each message, and none that the broker acts on.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("ce-specversion", "1.0"),
        ("ce-id", "018f9d5e-0000-7000-8000-000000000000"),
        ("ce-source", "/colloquy/1"),
        ("ce-type", "colloquy.conversation.MessagePosted.v1"),
        ("ce-time", "2026-01-01T00:00:00.000000Z"),
        ("ce-subject", "018f9d5e-0000-7000-8000-000000000000"),
        ("content-type", "application/json"),
        ("Colloquy-Position", "12345"),
        ("Colloquy-Account-Position", "12345"),
        ("Colloquy-Sequence", "12345"),
        ("X-Msg-Id-Beside", "018f9d5e-0000-7000-8000-000000000000"),
        ("X-Expected-Stream-Beside", "RELAY-018F9D5E"),
        ("X-Expected-Last-Sequence-Beside", "12345"),
    ] {
        headers.insert(name, value);
    }
    headers
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn backlog() -> Log {
    let pool = embedded::testing::database().await.pool().await;
    event_store::migrate(&pool).await.unwrap();
    let log = Log::new(pool, Keys::none());
    let appender = Appender::start(log.clone(), &Settings::default(), CancellationToken::new());
    let stream = Uuid::now_v7().to_string();
    for first in (0..BACKLOG).step_by(1000) {
        let events = (0..1000).map(|_| NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "MessagePosted".to_owned(),
            event_version: "1".to_owned(),
            payload: PAYLOAD.to_owned(),
            metadata: r#"{"actor":"ann","occurred_at":"2026-01-01T00:00:00.000000Z"}"#.to_owned(),
            conversation: None,
            key: None,
            subject: None,
            erases: None,
            decoded: None,
        });
        let events = StreamEvents {
            aggregate_type: "conversation",
            aggregate_id: stream.clone(),
            expected_version: first,
            stream_key: None,
            events: events.collect(),
        };
        let append = Append {
            account: AccountId::FIRST,
            caller: "ann".to_owned(),
            idempotency: None,
            streams: vec![events],
        };
        appender.append(append).await.unwrap();
    }
    log
}

async fn relay(log: &Log) -> f64 {
    // A separate relay for each round: a new stream, and a lease that the last one released.
    let name = embedded::testing::unique("relay");
    let settings = relay::Settings {
        nats: relay::NatsOptions::new(&embedded::testing::nats_url().await).expect("a URL"),
        stream: name.to_uppercase(),
        subject_prefix: name,
        payload: relay::Payload::Full,
        in_flight_max: IN_FLIGHT_MAX,
        look_every: Duration::from_secs(5),
    };
    let (status, mut watched) = watch::channel(relay::Status::default());
    let stop = CancellationToken::new();
    let task =
        tokio::spawn(relay::run(log.clone(), settings, Uuid::new_v4(), status, stop.clone()));
    // As with the raw publisher, connecting and creating the stream do not count.
    let from = watched.wait_for(|status| status.connected).await.unwrap().position;
    let started = Instant::now();
    watched.wait_for(|status| status.position == Position::new(BACKLOG)).await.unwrap();
    let elapsed = started.elapsed();
    stop.cancel();
    task.await.unwrap();
    (BACKLOG - from.get()) as f64 / elapsed.as_secs_f64()
}
