//! On a real PostgreSQL, a database for each test.

mod commands;
mod frameworks;
mod idempotency;
mod keys;
mod leases;
mod order;
mod schema;
mod snapshots;

use domain::conversation::{Command, Conversation, Create, Kind, Refusal};
use domain::{AccountId, ConversationId, UserId};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{CommandError, Commands, Context, Idempotency, Log, Outcome, Settings, testing};

pub(crate) const ANN: UserId = UserId::new(Uuid::from_u128(1));
const BOB: UserId = UserId::new(Uuid::from_u128(2));

/// The log of a database of its own, and that database's address.
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
