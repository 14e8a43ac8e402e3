//! A consumer of the events that counts what each user has not read yet, for a digest by e-mail.
//! Its position and its counts are written in one transaction: killed at any point, it continues
//! from what it has counted, and counts nothing twice.
//!
//! `NATS_URL=… DIGEST_DATABASE_URL=postgres://… cargo run --example unread_digest`, and then
//! `select uid, sum(unread) from unread_digest.unread group by uid`

#![allow(clippy::disallowed_methods, reason = "a program is an edge of its own")]

use std::collections::HashMap;

use anyhow::{Context, ensure};
use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::{self, Message};
use futures::StreamExt;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Maximum number of messages in a transaction; fewer if no more are ready.
const BATCH: usize = 50;

/// The counts also hold what counting needs: who is in which conversation.
const SCHEMA: &str = "
    create schema if not exists unread_digest;
    create table if not exists unread_digest.position (
        only_row boolean primary key default true check (only_row),
        position bigint  not null
    );
    insert into unread_digest.position (position) values (0) on conflict do nothing;
    create table if not exists unread_digest.unread (
        conversation uuid   not null,
        user_id      uuid   not null,
        uid          text   not null,
        unread       bigint not null default 0,
        primary key (conversation, user_id)
    );";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).with_context(|| format!("{name} is unset"));
    let pool = PgPool::connect(&variable("DIGEST_DATABASE_URL")?).await?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    let stream = variable("COLLOQUY_NATS_STREAM").unwrap_or_else(|_| "CONVERSATIONS".to_owned());
    let client = relay::NatsOptions::new(&variable("NATS_URL")?)?.connect().await?;
    let stream = jetstream::new(client).get_stream(stream).await?;

    let position: i64 =
        sqlx::query_scalar("select position from unread_digest.position").fetch_one(&pool).await?;
    let next = position as u64 + 1;
    let (first, last) =
        (stream.cached_info().state.first_sequence, stream.cached_info().state.last_sequence);
    // Fails when the consumer was away for longer than the stream keeps its messages:
    // docs/consumers.md says what to do.
    ensure!(first <= next || position == 0, "messages {next} to {} are gone", first - 1);
    ensure!(last >= position as u64, "the stream ends with {last}, before position {position}");
    let config = pull::OrderedConfig {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: next },
        ..pull::OrderedConfig::default()
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?.ready_chunks(BATCH);
    while let Some(batch) = messages.next().await {
        let batch = batch.into_iter().collect::<Result<Vec<_>, _>>()?;
        count(&pool, &batch).await?;
    }
    Ok(())
}

/// Counts a batch and records its position, in one transaction.
async fn count(pool: &PgPool, batch: &[Message]) -> anyhow::Result<()> {
    let mut transaction = pool.begin().await?;
    // Another process on these tables waits here, and then skips what was counted meanwhile.
    let mut position: i64 =
        sqlx::query_scalar("select position from unread_digest.position for update")
            .fetch_one(&mut *transaction)
            .await?;
    for message in batch {
        let sequence = message.info().map_err(anyhow::Error::from_boxed)?.stream_sequence as i64;
        // Messages may be delivered again, after a reconnect or a repair of the stream.
        if sequence > position {
            apply(&mut transaction, message).await?;
            position = sequence;
        }
    }
    sqlx::query("update unread_digest.position set position = $1")
        .bind(position)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Applies an event to the counts. Unknown types are ignored.
async fn apply(connection: &mut PgConnection, message: &Message) -> anyhow::Result<()> {
    let header = |name: &str| message.headers.as_ref()?.get(name).map(|value| value.as_str());
    let Some(conversation) = header("Colloquy-Conversation") else { return Ok(()) };
    let conversation: Uuid = conversation.parse()?;
    let uids = uids(header("Colloquy-Users").unwrap_or_default());
    let event: Value = serde_json::from_slice(&message.payload)?;
    let id = |field: &str| event[field].as_str().and_then(|id| id.parse::<Uuid>().ok());
    match event["type"].as_str().unwrap_or_default() {
        "ConversationCreated" => {
            for member in event["members"].as_array().into_iter().flatten() {
                let member = member.as_str().unwrap_or_default().parse()?;
                join(connection, conversation, member, &uids).await?;
            }
        }
        "MemberAdded" => {
            join(connection, conversation, id("user").context("a user")?, &uids).await?;
        }
        "MemberRemoved" => {
            let left = "delete from unread_digest.unread where conversation = $1 and user_id = $2";
            run(connection, left, conversation, id("user")).await?;
        }
        "ConversationDeleted" => {
            let deleted = "delete from unread_digest.unread where conversation = $1 and $2 is null";
            run(connection, deleted, conversation, None).await?;
        }
        "MessagePosted" => {
            let counted = "update unread_digest.unread set unread = unread + 1
                           where conversation = $1 and user_id <> $2";
            run(connection, counted, conversation, id("author")).await?;
        }
        "MarkedRead" => {
            let read = "update unread_digest.unread set unread = 0
                        where conversation = $1 and user_id = $2";
            run(connection, read, conversation, id("user")).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn run(
    connection: &mut PgConnection,
    statement: &str,
    conversation: Uuid,
    user: Option<Uuid>,
) -> Result<(), sqlx::Error> {
    sqlx::query(statement).bind(conversation).bind(user).execute(connection).await.map(drop)
}

async fn join(
    connection: &mut PgConnection,
    conversation: Uuid,
    user: Uuid,
    uids: &HashMap<Uuid, String>,
) -> Result<(), sqlx::Error> {
    // In a very large room not all users are named: the id then stands in for the uid until the
    // digest is sent.
    let uid = uids.get(&user).cloned().unwrap_or_else(|| user.to_string());
    sqlx::query(
        "insert into unread_digest.unread (conversation, user_id, uid) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(conversation)
    .bind(user)
    .bind(uid)
    .execute(connection)
    .await
    .map(drop)
}

/// `<id>=<uid>` with commas between, each uid percent-encoded.
fn uids(header: &str) -> HashMap<Uuid, String> {
    let pairs = header.split(',').filter_map(|pair| pair.split_once('='));
    let decoded = pairs.filter_map(|(id, uid)| {
        let uid = percent_decode_str(uid).decode_utf8().ok()?;
        Some((id.parse().ok()?, uid.into_owned()))
    });
    decoded.collect()
}
