//! Loads a long stream with its snapshot, without it, and as stock postgres-es does, in one run.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on may panic, and is an edge of its own"
)]

use std::time::{Duration, Instant};

use cqrs_es::EventStore;
use cqrs_es::persist::PersistedEventStore;
use domain::conversation::{Command, Conversation, Create, Kind};
use domain::{AccountId, ConversationId, UserId};
use event_store::{
    Append, Commands, Context, Keys, Log, MasterKey, Metadata, NewEvent, Settings, StreamEvents,
    Surface,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVENTS: i64 = 100_000;
const ROUNDS: usize = 5;
const AUTHOR: Uuid = Uuid::from_u128(1);

#[tokio::main]
async fn main() {
    let pool = embedded::testing::database().await.pool().await;
    event_store::migrate(&pool).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    let log = Log::new(pool.clone(), keys);
    let commands = Commands::start(log, &Settings::default(), CancellationToken::new());
    let stream = Uuid::now_v7();
    execute(&commands, stream, create()).await;
    for first in (1..EVENTS - 1).step_by(1000) {
        let events = (first..(first + 1000).min(EVENTS - 1)).map(|_| NewEvent {
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
        });
        let events = StreamEvents {
            aggregate_type: "conversation",
            aggregate_id: stream.to_string(),
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
        commands.store().appender().append(append).await.unwrap();
    }

    let id = stream.to_string();
    let without = median(async || {
        sqlx::query("delete from snapshots").execute(&pool).await.unwrap();
        let started = Instant::now();
        assert_eq!(commands.store().load::<Conversation>(&id).await.unwrap().version, EVENTS - 1);
        started.elapsed()
    })
    .await;
    // Loading a long stream offers a snapshot, which is written in the background.
    while sqlx::query("select from snapshots").fetch_optional(&pool).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let with = median(async || {
        let started = Instant::now();
        assert_eq!(commands.store().load::<Conversation>(&id).await.unwrap().version, EVENTS - 1);
        started.elapsed()
    })
    .await;
    let repository = postgres_es::PostgresEventRepository::new(pool.clone());
    let stock_store = PersistedEventStore::<_, Conversation>::new_event_store(repository);
    let stock = median(async || {
        let started = Instant::now();
        stock_store.load_aggregate(&id).await.unwrap();
        started.elapsed()
    })
    .await;
    println!("loading a stream of {EVENTS} events, median of {ROUNDS}");
    println!("with its snapshot          {:>10.1} ms", ms(with));
    println!("folded from the start      {:>10.1} ms", ms(without));
    println!("stock postgres-es          {:>10.1} ms", ms(stock));
    println!("ratio stock : snapshot     {:>10.1}", ms(stock) / ms(with));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn median(measure: impl AsyncFn() -> Duration) -> Duration {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(measure().await);
    }
    times.sort();
    times[ROUNDS / 2]
}

const PAYLOAD: &str = concat!(
    r#"{"type":"MessagePosted","message":"018f9d5e-0000-7000-8000-000000000000","#,
    r#""author":"00000000-0000-0000-0000-000000000001","#,
    r#""text":{"$sealed":"KmeI3gAp9+IDAhTFTjmML2Uoz7EzKmeI3gAp9+IDAhTFTjmML2Uoz7EzKmeI3gAp9+I"}}"#,
);
const METADATA: &str = concat!(
    r#"{"actor":"ann","account":"1","role":"member","command":"PostMessage","#,
    r#""surface":"weavy","request_id":"018f9d5e-0000-7000-8000-000000000000","#,
    r#""occurred_at":"2026-01-01T00:00:00.000000Z"}"#,
);

fn create() -> Command {
    Command::CreateConversation(Create {
        kind: Kind::Room,
        creator: Some(UserId::new(AUTHOR)),
        members: (1..=100).map(|n| UserId::new(Uuid::from_u128(n))).collect(),
        uid: None,
        name: Some("A long talk".into()),
        description: None,
        metadata: None,
        tags: vec![],
    })
}

async fn execute(commands: &Commands, stream: Uuid, command: Command) {
    let context = Context {
        metadata: Metadata {
            actor: "ann".to_owned(),
            account: AccountId::FIRST,
            role: "member".to_owned(),
            surface: Surface::Weavy,
            request_id: "bench".to_owned(),
            traceparent: None,
            causation_id: None,
            occurred_at: chrono::DateTime::UNIX_EPOCH,
        },
        idempotency: None,
    };
    commands.execute::<Conversation>(ConversationId::new(stream), command, &context).await.unwrap();
}
