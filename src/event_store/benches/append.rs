//! Compares the append path with stock postgres-es, on one server, in one run: rounds alternate, so
//! that other load on the machine affects both. Prints events per second, and the ratio of the
//! medians.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on may panic, and is an edge of its own"
)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use domain::conversation::{Command, Conversation, Create, Kind};
use domain::{AccountId, ConversationId, UserId};
use event_store::{
    Append, Appender, Commands, Context, Keys, Log, MasterKey, Metadata, NewEvent, Settings,
    StreamEvents, Surface,
};
use postgres_es::{PostgresCqrs, PostgresEventRepository, postgres_cqrs};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;
/// After this many events a caller moves to a new stream, so that loading stays cheap for either
/// side.
const STREAM_LENGTH_MAX: i64 = 16;
const AUTHOR: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// As documented by postgres-es.
const STOCK_SCHEMA: &str = "create table events (
    aggregate_type text not null, aggregate_id text not null, sequence bigint not null,
    event_type text not null, event_version text not null, payload json not null,
    metadata json not null,
    timestamp timestamptz default current_timestamp,
    primary key (aggregate_type, aggregate_id, sequence))";

#[tokio::main]
async fn main() {
    let (stock, ours) = (pool().await, pool().await);
    stock.execute(STOCK_SCHEMA).await.unwrap();
    event_store::migrate(&ours).await.unwrap();
    let keys = Keys::open(&ours, MasterKey::generate()).await.unwrap();
    let log = Log::new(ours, keys);
    let appender = Appender::start(log.clone(), &Settings::default(), CancellationToken::new());
    let commands = Commands::start(log, &Settings::default(), CancellationToken::new());
    let repository = std::sync::Arc::new(PostgresEventRepository::new(stock.clone()));
    let cqrs = std::sync::Arc::new(postgres_cqrs::<Conversation>(stock, vec![], ()));

    println!("events per second, median of {ROUNDS} rounds of {ROUND:?}");
    println!("{:<36} {:>8} {:>12} {:>12} {:>7}", "", "callers", "postgres-es", "colloquy", "ratio");
    for callers in [1, 8, 64] {
        let stock =
            || rate(callers, |_| Stock { repository: repository.clone(), at: Place::new() });
        let ours = || rate(callers, |_| Ours { appender: appender.clone(), at: Place::new() });
        report("append one event", callers, stock, ours).await;
    }
    for callers in [1, 8, 64] {
        let stock = || rate(callers, |_| StockCommand { cqrs: cqrs.clone(), at: Place::new() });
        let ours =
            || rate(callers, |_| OurCommand { commands: commands.clone(), at: Place::new() });
        report("command: load, decide, append", callers, stock, ours).await;
    }
}

async fn pool() -> PgPool {
    let database = embedded::testing::database().await;
    PgPoolOptions::new().max_connections(64).connect(&database.url).await.unwrap()
}

async fn report(
    what: &str,
    callers: usize,
    stock: impl AsyncFn() -> f64,
    ours: impl AsyncFn() -> f64,
) {
    let (mut stock_rates, mut our_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        stock_rates.push(stock().await);
        our_rates.push(ours().await);
    }
    let (stock, ours) = (median(stock_rates), median(our_rates));
    println!("{what:<36} {callers:>8} {stock:>12.0} {ours:>12.0} {:>6.1}x", ours / stock);
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Appends one event per call.
trait Caller: Send + 'static {
    fn append(&mut self) -> impl Future<Output = ()> + Send;
}

async fn rate<C: Caller>(callers: usize, make: impl Fn(usize) -> C) -> f64 {
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|n| {
            let mut caller = make(n);
            tokio::spawn(async move {
                let mut appended = 0_u64;
                while started.elapsed() < ROUND {
                    caller.append().await;
                    appended += 1;
                }
                appended
            })
        })
        .collect();
    let mut appended = 0;
    for task in tasks {
        appended += task.await.unwrap();
    }
    appended as f64 / started.elapsed().as_secs_f64()
}

/// Where a caller writes next.
struct Place {
    stream: Uuid,
    version: i64,
}

impl Place {
    fn new() -> Self {
        Self { stream: Uuid::now_v7(), version: 0 }
    }

    /// The stream to append to, and how many events it has.
    fn next(&mut self) -> (Uuid, i64) {
        if self.version == STREAM_LENGTH_MAX {
            *self = Self::new();
        }
        self.version += 1;
        (self.stream, self.version - 1)
    }
}

const PAYLOAD: &str = concat!(
    r#"{"type":"MessagePosted","message":"018f9d5e-0000-7000-8000-000000000000","#,
    r#""author":"00000000-0000-0000-0000-000000000001","#,
    r#""text":"Shall we meet at ten, or would the afternoon suit you better?"}"#,
);
const METADATA: &str = concat!(
    r#"{"actor":"ann","account":"1","role":"member","command":"PostMessage","#,
    r#""surface":"weavy","request_id":"018f9d5e-0000-7000-8000-000000000000","#,
    r#""occurred_at":"2026-01-01T00:00:00.000000Z"}"#,
);

struct Stock {
    repository: std::sync::Arc<PostgresEventRepository>,
    at: Place,
}

impl Caller for Stock {
    async fn append(&mut self) {
        let (stream, version) = self.at.next();
        let event = SerializedEvent {
            aggregate_id: stream.to_string(),
            sequence: version as usize + 1,
            aggregate_type: "conversation".to_owned(),
            event_type: "MessagePosted".to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::from_str(PAYLOAD).unwrap(),
            metadata: serde_json::from_str(METADATA).unwrap(),
        };
        self.repository.persist::<Conversation>(&[event], None).await.unwrap();
    }
}

struct Ours {
    appender: Appender,
    at: Place,
}

impl Caller for Ours {
    async fn append(&mut self) {
        let (stream, version) = self.at.next();
        let events = StreamEvents {
            aggregate_type: "conversation",
            aggregate_id: stream.to_string(),
            expected_version: version,
            stream_key: None,
            events: vec![NewEvent {
                event_id: Uuid::now_v7(),
                event_type: "MessagePosted".to_owned(),
                event_version: "1".to_owned(),
                payload: PAYLOAD.to_owned(),
                metadata: METADATA.to_owned(),
                conversation: None,
                key: None,
                subject: None,
                erases: None,
                decoded: None,
            }],
        };
        let append = Append {
            account: AccountId::FIRST,
            caller: "ann".to_owned(),
            idempotency: None,
            streams: vec![events],
        };
        self.appender.append(append).await.unwrap();
    }
}

fn create() -> Command {
    Command::CreateConversation(Create {
        kind: Kind::Room,
        creator: Some(UserId::new(AUTHOR)),
        members: vec![UserId::new(AUTHOR), UserId::new(OTHER)],
        uid: None,
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

fn command(version: i64) -> Command {
    if version == 0 {
        return create();
    }
    Command::PostMessage {
        message: Uuid::now_v7().into(),
        author: UserId::new(AUTHOR),
        text: "Shall we meet at ten, or would the afternoon suit you better?".into(),
        metadata: None,
        tags: vec![],
    }
}

struct StockCommand {
    cqrs: std::sync::Arc<PostgresCqrs<Conversation>>,
    at: Place,
}

impl Caller for StockCommand {
    async fn append(&mut self) {
        let (stream, version) = self.at.next();
        let metadata: HashMap<String, String> = serde_json::from_str(METADATA).unwrap();
        let stream = stream.to_string();
        self.cqrs.execute_with_metadata(&stream, command(version), metadata).await.unwrap();
    }
}

struct OurCommand {
    commands: Commands,
    at: Place,
}

impl Caller for OurCommand {
    async fn append(&mut self) {
        let (stream, version) = self.at.next();
        let context = Context {
            metadata: Metadata {
                actor: "ann".to_owned(),
                account: AccountId::FIRST,
                role: "member".to_owned(),
                surface: Surface::Weavy,
                request_id: "018f9d5e-0000-7000-8000-000000000000".to_owned(),
                traceparent: None,
                causation_id: None,
                occurred_at: chrono::DateTime::UNIX_EPOCH,
            },
            idempotency: None,
        };
        self.commands
            .execute::<Conversation>(ConversationId::new(stream), command(version), &context)
            .await
            .unwrap();
    }
}
