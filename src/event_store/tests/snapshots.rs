use domain::conversation::{Command, Conversation, Event};
use domain::{Position, Private};
use embedded::testing::wait_until;
use futures::StreamExt;
use uuid::Uuid;

use super::{create, log, node, post, run};
use crate::snapshots::{self, Snapshot};
use crate::{Commands, ERASED, Error, Log, StreamContext};

async fn long_stream(commands: &Commands, id: Uuid) {
    run(commands, id, create()).await.unwrap();
    let rename = Command::RenameConversation { name: Some("a secret name".into()) };
    run(commands, id, rename).await.unwrap();
    let posts = (0..600).map(|n| run(commands, id, post(&n.to_string())));
    futures::stream::iter(posts)
        .buffer_unordered(16)
        .for_each(async |done| {
            done.unwrap();
        })
        .await;
}

async fn snapshot_version(log: &Log) -> Option<i64> {
    sqlx::query_scalar("select version from snapshots").fetch_optional(log.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_is_loaded_from_its_snapshot_and_is_the_fold_from_zero() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    long_stream(&commands, id).await;
    wait_until("a snapshot is written", async || snapshot_version(&log).await == Some(500)).await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("select state from snapshots").fetch_one(log.pool()).await.unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"secret"));

    let load = async || node(&log).store().load::<Conversation>(&id.to_string()).await.unwrap();
    let mut folded = StreamContext {
        aggregate_id: id.to_string(),
        aggregate: Conversation::default(),
        version: 0,
    };
    commands.store().catch_up(&mut folded).await.unwrap();
    let loaded = load().await;
    assert_eq!((loaded.version, &loaded.aggregate), (602, &folded.aggregate));

    // A damaged snapshot is ignored.
    sqlx::query("update snapshots set version = 502").execute(log.pool()).await.unwrap();
    assert_eq!(load().await.aggregate, folded.aggregate, "sealed for another version, so ignored");
    for damage in ["state_schema = 99", "state = 'nonsense'", "is_sealed = false"] {
        let sql = format!("update snapshots set version = 500, {damage}");
        sqlx::query(&sql).execute(log.pool()).await.unwrap();
        assert_eq!(load().await.aggregate, folded.aggregate, "{damage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_saves_reading_what_it_holds() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    long_stream(&commands, id).await;
    wait_until("a snapshot is written", async || snapshot_version(&log).await == Some(500)).await;
    // Makes an event unreadable that only a fold from zero would meet.
    for statement in [
        "alter table events disable trigger events_refuse_change",
        "update events set payload = '{}' where sequence = 3",
    ] {
        sqlx::query(statement).execute(log.pool()).await.unwrap();
    }
    let id = id.to_string();
    assert_eq!(node(&log).store().load::<Conversation>(&id).await.unwrap().version, 602);
    sqlx::query("delete from snapshots").execute(log.pool()).await.unwrap();
    let error = node(&log).store().load::<Conversation>(&id).await.unwrap_err();
    assert!(matches!(error, Error::Undecodable { sequence: 3, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_stream_has_no_snapshot_and_no_key() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    long_stream(&commands, id).await;
    wait_until("a snapshot is written", async || snapshot_version(&log).await.is_some()).await;
    run(&commands, id, Command::DeleteConversation).await.unwrap();
    for table in ["snapshots", "stream_keys", "event_keys"] {
        let rest =
            if table == "stream_keys" { "where aggregate_type <> 'idempotency'" } else { "" };
        let count: i64 = sqlx::query_scalar(&format!("select count(*) from {table} {rest}"))
            .fetch_one(log.pool())
            .await
            .unwrap();
        assert_eq!(count, 0, "{table}");
    }
    let events = log.read(Position::START, 10).await.unwrap();
    let Event::ConversationRenamed { name } = events[1].decode().unwrap() else { panic!() };
    assert_eq!(name, Some(Private::Redacted));
    assert!(events[1].reveal().unwrap().contains(ERASED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_written_after_its_stream_was_erased_is_dropped() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let rename = Command::RenameConversation { name: Some("a secret name".into()) };
    run(&commands, id, rename).await.unwrap();
    let state = commands.store().load::<Conversation>(&id.to_string()).await.unwrap();
    snapshots::write(&log, Snapshot::of(&state)).await.unwrap();
    assert_eq!(snapshot_version(&log).await, Some(state.version));

    run(&commands, id, Command::DeleteConversation).await.unwrap();
    snapshots::write(&log, Snapshot::of(&state)).await.unwrap();
    assert_eq!(snapshot_version(&log).await, None);
}
