//! Message p of the stream is event p of the log; what was erased is missing, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use futures::TryStreamExt;
use uuid::Uuid;

use crate::load::Load;
use crate::progress::Progress;
use crate::world::{PREFIX, STREAM, World};

/// Longer than it takes for the next message to come, if there is one.
const SILENCE_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    subject: String,
    /// As `ce-id` and as `Nats-Msg-Id`.
    ids: [String; 2],
}

pub async fn compare(world: &World, load: &Load, progress: &Progress) {
    let expected = logged(world).await;
    let last = expected.keys().next_back().copied().unwrap_or(0);
    let published = match published(world, last).await {
        Ok(published) => published,
        Err(error) => return load.find(format!("the stream cannot be read: {error}")),
    };
    let positions: BTreeSet<u64> = expected.keys().chain(published.keys()).copied().collect();
    for position in positions {
        let (logged, published) = (expected.get(&position), published.get(&position));
        if logged != published {
            load.find(format!("stream, position {position}: {published:?} instead of {logged:?}"));
        }
    }
    let readable = not_erased(world).await;
    if !readable.is_empty() {
        load.find(format!("events whose text was erased can be read: {readable:?}"));
    }
    progress.checked(format!("stream: {} messages, each the event of its number", published.len()));
}

/// The events of the log, except erased ones.
async fn logged(world: &World) -> BTreeMap<u64, Entry> {
    type Row = (i64, Uuid, i64, Option<Uuid>, String);
    let rows: Vec<Row> = sqlx::query_as(
        "select position, event_id, account_id, conversation_id, event_type
         from events e
         where not exists (select from nats_erasures n where n.position = e.position)",
    )
    .fetch_all(&world.db)
    .await
    .expect("PostgreSQL is well");
    rows.into_iter()
        .map(|(position, id, account, conversation, event_type)| {
            let of = conversation.map_or_else(|| "directory".to_owned(), |id| id.to_string());
            let subject = format!("{PREFIX}.v1.{account}.{of}.{event_type}");
            (position as u64, Entry { subject, ids: [id.to_string(), id.to_string()] })
        })
        .collect()
}

/// The messages of the stream, up to the last that must be there. The number of pending ones does
/// not tell the end: after a crash, nats-server 2.9 may count messages that it does not have.
async fn published(world: &World, last: u64) -> Result<BTreeMap<u64, Entry>, async_nats::Error> {
    let url = url::Url::parse(world.nats.url())?;
    let (user, password) = (url.username().to_owned(), url.password().unwrap_or("").to_owned());
    let options = async_nats::ConnectOptions::with_user_and_password(user, password);
    let client = options.connect(format!("127.0.0.1:{}", world.nats.port())).await?;
    let stream = async_nats::jetstream::new(client).get_stream(STREAM).await?;
    let config = pull::OrderedConfig {
        deliver_policy: DeliverPolicy::All,
        headers_only: true,
        ..pull::OrderedConfig::default()
    };
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let mut found = BTreeMap::new();
    while let Some(message) = tokio::time::timeout(SILENCE_MAX, messages.try_next()).await?? {
        let position = message.info()?.stream_sequence;
        let headers = message.headers.clone().unwrap_or_default();
        let ids = ["ce-id", "Nats-Msg-Id"]
            .map(|name| headers.get(name).map(ToString::to_string).unwrap_or_default());
        let subject = message.subject.to_string();
        found.insert(position, Entry { subject, ids });
        if position >= last {
            break;
        }
    }
    Ok(found)
}

/// The events of deleted messages and erased conversations that still have a key.
async fn not_erased(world: &World) -> Vec<i64> {
    sqlx::query_scalar(
        "select k.position
         from event_keys k
         join events e using (position)
         where e.aggregate_type = 'conversation'
           and exists (select from events d
                       where d.aggregate_type = 'conversation'
                         and d.aggregate_id = e.aggregate_id
                         and (d.event_type = 'ConversationDeleted'
                              or d.event_type = 'MessageDeleted'
                                 and d.payload->>'message'
                                   = k.subject::text))
         order by k.position
         limit 20",
    )
    .fetch_all(&world.db)
    .await
    .expect("PostgreSQL is well")
}
