//! Tests on a real PostgreSQL, with a database for each test.

mod commands;
mod frameworks;
mod idempotency;
mod keys;
mod leases;
mod order;
mod purse;
mod schema;
mod snapshots;
mod together;

use domain::conversation::{Command, Conversation, Create, Kind, Refusal};
use domain::{AccountId, ConversationId, UserId};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Append, CommandError, Commands, Context, Idempotency, Log, NewEvent, Outcome, Settings,
    StreamEvents, testing,
};

pub(crate) const ANN: UserId = UserId::new(Uuid::from_u128(1));
const BOB: UserId = UserId::new(Uuid::from_u128(2));

/// A log in a database of its own, and that database's URL.
pub(crate) async fn log() -> (Log, String) {
    let database = testing::database().await;
    let log = testing::on(database.pool().await).await;
    (log.unwrap(), database.url)
}

/// A node of its own: appender, cache, and followers that know only what it appended.
pub(crate) fn node(log: &Log) -> Commands {
    let log = Log::new(log.pool().clone(), log.keys().clone());
    Commands::start(log, &Settings::default(), CancellationToken::new())
}

pub(crate) fn context(idempotency: Option<Idempotency>) -> Context {
    Context { idempotency, ..testing::context("ann") }
}

pub(crate) fn create() -> Command {
    Command::CreateConversation(Create {
        kind: Kind::Room,
        creator: Some(ANN),
        members: vec![ANN, BOB],
        uid: None,
        name: None,
        description: None,
        metadata: None,
        tags: vec![],
    })
}

pub(crate) fn post(text: &str) -> Command {
    Command::PostMessage {
        message: Uuid::now_v7().into(),
        author: ANN,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}

pub(crate) async fn run(
    commands: &Commands,
    id: impl Into<ConversationId>,
    command: Command,
) -> Result<Outcome, CommandError<Refusal>> {
    commands.execute::<Conversation>(id.into(), command, &context(None)).await
}

/// An append of one event to each of these streams, at its expected version.
fn append(streams: &[(Uuid, i64)], payload: &str, idempotency: Option<Idempotency>) -> Append {
    let streams = streams.iter().map(|(stream, expected_version)| StreamEvents {
        aggregate_type: "test",
        aggregate_id: stream.to_string(),
        expected_version: *expected_version,
        stream_key: None,
        events: vec![NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "Tested".to_owned(),
            event_version: "1".to_owned(),
            payload: payload.to_owned(),
            metadata: "{}".to_owned(),
            conversation: None,
            key: None,
            subject: None,
            erases: None,
            decoded: None,
        }],
    });
    let (account, caller) = (AccountId::FIRST, "ann".to_owned());
    Append { account, caller, idempotency, streams: streams.collect() }
}

async fn run_in(
    commands: &Commands,
    account: AccountId,
    id: ConversationId,
    command: Command,
) -> Outcome {
    let mut context = context(None);
    context.metadata.account = account;
    commands.execute::<Conversation>(id, command, &context).await.unwrap()
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.unwrap()
}
