//! On a real PostgreSQL, a database for each test.

use std::collections::BTreeSet;
use std::time::Duration;

use cqrs_es::EventStore;
use cqrs_es::persist::PersistedEventStore;
use domain::conversation::{Command, Conversation, Create, Event, Kind, Refusal};
use domain::user::{self, Profile, User};
use domain::{Decider, Private};
use futures::StreamExt;
use futures::future::join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::*;

pub(crate) const ANN: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);

pub(crate) async fn log() -> (Log, String) {
    let database = embedded::testing::database().await;
    let pool = database.pool().await;
    migrate(&pool).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    (Log::new(pool, keys), database.url)
}

/// A node of its own: appender, cache, and followers that know only what it appended.
pub(crate) fn node(log: &Log) -> Commands {
    let log = Log::new(log.pool().clone(), log.keys().clone());
    Commands::start(log, &Settings::default(), CancellationToken::new())
}

pub(crate) fn context(idempotency: Option<Idempotency>) -> Context {
    Context {
        metadata: Metadata {
            actor: "ann".to_owned(),
            account: 1,
            role: "member".to_owned(),
            surface: Surface::Cli,
            request_id: "test".to_owned(),
            traceparent: None,
            causation_id: None,
            occurred_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        },
        idempotency,
    }
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
        message: Uuid::now_v7(),
        author: ANN,
        text: text.into(),
        metadata: None,
        tags: vec![],
    }
}

pub(crate) async fn run(
    commands: &Commands,
    id: Uuid,
    command: Command,
) -> Result<Outcome, CommandError<Refusal>> {
    commands.execute::<Conversation>(id, command, &context(None)).await
}

async fn count(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from events").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn positions_count_from_one_over_all_streams() {
    let (log, _) = log().await;
    let commands = node(&log);
    for n in 1..=5 {
        let outcome = run(&commands, Uuid::now_v7(), create()).await.unwrap();
        assert_eq!(outcome.first, Some(n));
    }
    let positions: Vec<i64> =
        log.read(0, 10).await.unwrap().iter().map(|event| event.position).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    assert_eq!(log.head().await.unwrap(), 5);
}

/// Why the head is a row and not a sequence: with a sequence, the second writer commits first, a tailing
/// reader moves past both numbers, and the first writer's event is never seen.
#[tokio::test]
async fn a_writer_that_commits_late_is_not_overtaken() {
    let (log, url) = log().await;
    let mut slow = PgConnection::connect(&url).await.unwrap();
    slow.execute("begin").await.unwrap();
    sqlx::query(&append_sql("slow", 0)).execute(&mut slow).await.unwrap();

    let pool = log.pool().clone();
    let fast = tokio::spawn(async move {
        sqlx::query(&append_sql("fast", 0)).execute(&pool).await.unwrap();
    });
    wait_until("the second writer waits for the first", async || {
        sqlx::query_scalar::<_, bool>(
            "select exists (select from pg_stat_activity
                            where datname = current_database() and wait_event_type = 'Lock')",
        )
        .fetch_one(log.pool())
        .await
        .unwrap()
    })
    .await;
    assert_eq!(log.read(0, 10).await.unwrap().len(), 0, "nothing is committed yet");
    slow.execute("commit").await.unwrap();
    fast.await.unwrap();
    let types: Vec<String> =
        log.read(0, 10).await.unwrap().into_iter().map(|event| event.event_type).collect();
    assert_eq!(types, ["slow", "fast"]);
}

fn append_sql(name: &str, expected: i64) -> String {
    format!(
        "select * from append_events(
             null, array[1::bigint], array['test'], array['{}'], array[{expected}::bigint], array[1],
             array[''], array[null]::text[], array[null]::bytea[], array[null]::bytea[],
             array[1], array['{}'::uuid], array['{name}'], array['1'], array['{{}}'], array['{{}}'],
             array[null]::uuid[], array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
        Uuid::now_v7(),
        Uuid::now_v7()
    )
}

async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain: {what}");
}

/// 24 writers that take their transaction ids early, hold them, and often roll back.
#[tokio::test(flavor = "multi_thread")]
async fn a_tailing_reader_skips_nothing_under_adversarial_writers() {
    const WRITERS: usize = 24;
    const ROUNDS: usize = 40;
    let (log, url) = log().await;
    let reader = {
        let log = log.clone();
        tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                let after = seen.last().map_or(0, |event: &RecordedEvent| event.position);
                let batch = log.read(after, 100).await.unwrap();
                if batch.iter().any(|event| event.event_type == "end") {
                    return seen;
                }
                seen.extend(batch);
                tokio::task::yield_now().await;
            }
        })
    };
    let writers = (0..WRITERS).map(|writer| {
        let url = url.clone();
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let mut kept = BTreeSet::new();
            for round in 0..ROUNDS {
                connection.execute("begin; select pg_current_xact_id()").await.unwrap();
                if (writer + round) % 3 == 0 {
                    connection.execute("select pg_sleep(0.002)").await.unwrap();
                }
                let name = format!("w{writer}r{round}");
                sqlx::query(&append_sql(&name, 0)).execute(&mut connection).await.unwrap();
                if (writer * 7 + round) % 4 == 0 {
                    connection.execute("rollback").await.unwrap();
                } else {
                    connection.execute("commit").await.unwrap();
                    kept.insert(name);
                }
            }
            kept
        })
    });
    let kept: BTreeSet<String> =
        join_all(writers).await.into_iter().flat_map(|kept| kept.unwrap()).collect();
    sqlx::query(&append_sql("end", 0)).execute(log.pool()).await.unwrap();
    let seen = reader.await.unwrap();
    let names: BTreeSet<String> = seen.iter().map(|event| event.event_type.clone()).collect();
    assert_eq!(names, kept);
    assert_eq!(seen.len(), kept.len(), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_tasks_on_one_stream_land_every_command_once() {
    let (log, _) = log().await;
    // Two nodes, so that the stream also changes behind each one's cache.
    let nodes = [node(&log), node(&log)];
    let id = Uuid::now_v7();
    run(&nodes[0], id, create()).await.unwrap();
    let tasks = (0..16).map(|task| {
        let commands = nodes[task % 2].clone();
        tokio::spawn(async move {
            for n in 0..50 {
                run(&commands, id, post(&format!("{task}/{n}"))).await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    let events =
        EventStore::<Conversation>::load_events(nodes[0].store(), &id.to_string()).await.unwrap();
    let texts: BTreeSet<String> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Event::MessagePosted { text, .. } => Some(text.as_str().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!((events.len(), texts.len()), (801, 800));
}

#[tokio::test]
async fn a_refusal_never_comes_from_a_stale_cache() {
    let (log, _) = log().await;
    let (here, there) = (node(&log), node(&log));
    let id = Uuid::now_v7();
    run(&here, id, create()).await.unwrap();
    run(&here, id, Command::TrashConversation).await.unwrap();
    // `here` still has the trashed state in its cache when `there` restores.
    run(&there, id, Command::RestoreConversation).await.unwrap();
    run(&here, id, post("hi")).await.unwrap();
    // And "nothing to do" is as little taken from the cache as a refusal.
    run(&there, id, Command::TrashConversation).await.unwrap();
    let outcome = run(&here, id, Command::RestoreConversation).await.unwrap();
    assert!(outcome.first.is_some());
}

#[tokio::test]
async fn a_bad_append_fails_alone() {
    let (log, _) = log().await;
    let commands = node(&log);
    let appender = commands.store().appender();
    let append = |payload: &str| Append {
        aggregate_type: "test",
        aggregate_id: Uuid::now_v7().to_string(),
        expected_version: 0,
        account: 1,
        caller: String::new(),
        idempotency: None,
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
        }],
    };
    let appends = (0..20).map(|n| appender.append(append(if n == 7 { "no json" } else { "{}" })));
    let outcomes = join_all(appends).await;
    let failed: Vec<usize> =
        outcomes.iter().enumerate().filter(|(_, o)| o.is_err()).map(|(n, _)| n).collect();
    assert_eq!(failed, [7]);
    assert_eq!((count(log.pool()).await, log.head().await.unwrap()), (19, 19));
}

/// A trigger that breaks the connection after the rows are written and committed is not to be had; the same
/// ambiguity is a batch that is sent again although its first sending was committed.
#[tokio::test]
async fn an_append_sent_again_after_an_unclear_commit_lands_once() {
    let (log, _) = log().await;
    let commands = node(&log);
    let append = Append {
        aggregate_type: "test",
        aggregate_id: Uuid::now_v7().to_string(),
        expected_version: 0,
        account: 1,
        caller: "ann".to_owned(),
        idempotency: Some(Idempotency { key: "k".to_owned(), request_digest: vec![1] }),
        stream_key: None,
        events: vec![NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "Tested".to_owned(),
            event_version: "1".to_owned(),
            payload: "{}".to_owned(),
            metadata: "{}".to_owned(),
            conversation: None,
            key: None,
            subject: None,
            erases: None,
        }],
    };
    let appender = commands.store().appender();
    let first = Appended::At { position: 1, account_position: Some(1) };
    assert_eq!(appender.append(append.clone()).await.unwrap(), first);
    assert_eq!(appender.append(append).await.unwrap(), first);
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_cut_while_commands_run_lose_and_double_nothing() {
    let (log, url) = log().await;
    let commands = node(&log);
    let stop = CancellationToken::new();
    let cutter = {
        let stop = stop.clone();
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let (mut cut, mut round) = (0_i64, 0);
            while !stop.is_cancelled() {
                cut += sqlx::query_scalar::<_, i64>(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid()
                       and query like '%append_events%' and state = 'active'",
                )
                .fetch_one(&mut connection)
                .await
                .unwrap();
                // Long enough for a new connection, which has everything to plan, to get a batch through.
                round += 1;
                tokio::time::sleep(Duration::from_millis(round * 7 % 40)).await;
            }
            cut
        })
    };
    let tasks = (0..8).map(|_| {
        let commands = commands.clone();
        tokio::spawn(async move {
            let mut acknowledged = 0;
            for _ in 0..60 {
                let id = Uuid::now_v7();
                // A load that is cut fails cleanly and is the caller's to repeat; an append is not.
                while run(&commands, id, create()).await.is_err() {}
                acknowledged += 1;
            }
            acknowledged
        })
    });
    let acknowledged: i64 = join_all(tasks).await.into_iter().map(|task| task.unwrap()).sum();
    stop.cancel();
    assert!(cutter.await.unwrap() > 0, "no connection was cut, so nothing was tested");
    assert_eq!(count(log.pool()).await, acknowledged);
    assert_eq!(log.read(0, 1000).await.unwrap().len() as i64, acknowledged);
}

#[tokio::test]
async fn an_idempotency_key_appends_once_and_tells_another_request_apart() {
    let (log, _) = log().await;
    let commands = node(&log);
    let key = |digest: u8| {
        context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![digest] }))
    };
    let execute = async |digest: u8| {
        let id = Uuid::now_v7();
        commands.execute::<Conversation>(id, create(), &key(digest)).await
    };
    let first = execute(1).await.unwrap();
    let again = execute(1).await.unwrap();
    assert_eq!((again.aggregate_id, again.replayed), (first.aggregate_id, true));
    assert!(matches!(execute(2).await, Err(CommandError::KeyReused)));
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn the_database_refuses_to_change_the_log() {
    let (log, _) = log().await;
    run(&node(&log), Uuid::now_v7(), create()).await.unwrap();
    for statement in ["update events set payload = '{}'", "delete from events", "truncate events"] {
        let error = log.pool().execute(statement).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn a_hole_is_reported_not_skipped() {
    let (log, _) = log().await;
    let commands = node(&log);
    for _ in 0..3 {
        run(&commands, Uuid::now_v7(), create()).await.unwrap();
    }
    log.pool()
        .execute("alter table events disable trigger all; delete from events where position = 2")
        .await
        .unwrap();
    assert!(matches!(log.read(0, 10).await, Err(Error::Hole { expected: 2, found: 3 })));
}

#[tokio::test]
async fn a_stream_of_ours_loads_through_stock_postgres_es() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    run(&commands, id, post("hello")).await.unwrap();
    let repository = postgres_es::PostgresEventRepository::new(log.pool().clone());
    let stock = PersistedEventStore::<_, Conversation>::new_event_store(repository);
    let theirs = stock.load_events(&id.to_string()).await.unwrap();
    let ours =
        EventStore::<Conversation>::load_events(commands.store(), &id.to_string()).await.unwrap();
    assert_eq!(theirs.len(), 2);
    // What persons wrote is sealed, and it has no keys.
    let Event::MessagePosted { message, author, metadata, .. } = ours[1].payload.clone() else {
        panic!("{:?}", ours[1].payload);
    };
    let redacted = Event::MessagePosted {
        message,
        author,
        text: Private::Redacted,
        metadata,
        tags: Private::default(),
    };
    assert_eq!([&theirs[0].payload, &theirs[1].payload], [&ours[0].payload, &redacted]);
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs.metadata, ours.metadata);
        assert_eq!(theirs.sequence, ours.sequence);
    }
}

#[tokio::test]
async fn the_store_serves_cqrs_es_itself() {
    let (log, _) = log().await;
    let store = node(&log).store().clone();
    let framework = cqrs_es::CqrsFramework::<User, _>::new(store.clone(), vec![], ());
    let register =
        user::Command::RegisterUser { uid: "ann".to_owned(), profile: Profile::default() };
    let id = domain::user_id(1, "ann").to_string();
    framework.execute(&id, register.clone()).await.expect_err("it does not say whose it is");
    let metadata = [("account", "1"), ("actor", "ann")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    framework.execute_with_metadata(&id, register, metadata.into()).await.unwrap();
    let loaded: StreamContext<User> = store.load(&id).await.unwrap();
    assert_eq!((loaded.version, <User as Decider>::TYPE), (1, "user"));
}

#[tokio::test]
async fn a_lease_has_one_holder_and_a_checkpoint_needs_it() {
    let (log, _) = log().await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let held = Lease::acquire(log.pool(), "x", one).await.unwrap().unwrap();
    assert!(Lease::acquire(log.pool(), "x", other).await.unwrap().is_none());
    log.pool().execute("update leases set expires_at = '-infinity'").await.unwrap();
    let taken = Lease::acquire(log.pool(), "x", other).await.unwrap().unwrap();
    assert!(taken.epoch() > held.epoch());
    assert!(matches!(held.renew(log.pool()).await, Err(Error::LeaseLost { .. })));
    assert_eq!(checkpoint(log.pool(), "y").await.unwrap(), 0);
    let mut connection = log.pool().acquire().await.unwrap();
    let written = held.advance(&mut connection, &["y"], 0, 1).await;
    assert!(matches!(written, Err(Error::LeaseLost { .. })), "{written:?}");
    taken.advance(&mut connection, &["y"], 0, 1).await.unwrap();
    assert_eq!(checkpoint(log.pool(), "y").await.unwrap(), 1);
    taken.release(log.pool()).await.unwrap();
    assert!(Lease::acquire(log.pool(), "x", one).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lease_that_ends_further_ahead_than_one_lasts_is_over() {
    let (log, _) = log().await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let held = Lease::acquire(log.pool(), "x", one).await.unwrap().unwrap();
    // What a clock that is set back by an hour makes of it.
    let ends_later = "update leases set expires_at = expires_at + interval '1 hour'";
    log.pool().execute(ends_later).await.unwrap();
    let taken = Lease::acquire(log.pool(), "x", other).await.unwrap().unwrap();
    assert!(matches!(held.renew(log.pool()).await, Err(Error::LeaseLost { .. })));
    taken.renew(log.pool()).await.unwrap();
    assert!(Lease::acquire(log.pool(), "x", one).await.unwrap().is_none());
}

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

    // Whatever is wrong with a snapshot, it is ignored.
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
    // An event that cannot be read, where only a fold from zero would meet it.
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
    let events = log.read(0, 10).await.unwrap();
    let Event::ConversationRenamed { name } = events[1].decode().unwrap() else { panic!() };
    assert_eq!(name, Some(Private::Redacted));
    assert!(events[1].shown().unwrap().contains(ERASED));
}

#[tokio::test]
async fn a_key_of_a_command_that_changed_nothing_stands_for_that_ever_after() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let key = |request: u8| {
        let idempotency = Idempotency { key: "k".to_owned(), request_digest: vec![request] };
        context(Some(idempotency))
    };
    let execute =
        async |command, request| commands.execute::<Conversation>(id, command, &key(request)).await;
    let restored = execute(Command::RestoreConversation, 1).await.unwrap();
    assert_eq!((restored.first, restored.replayed), (None, false));
    run(&commands, id, Command::TrashConversation).await.unwrap();
    assert!(execute(Command::RestoreConversation, 1).await.unwrap().replayed);
    assert_eq!(count(log.pool()).await, 2, "it is still in the trash");
    let other = execute(post("refused, it is in the trash"), 2).await;
    assert!(matches!(other, Err(CommandError::KeyReused)), "{other:?}");
}

#[tokio::test]
async fn a_master_key_is_the_databases_once_and_for_all() {
    let (log, _) = log().await;
    let error = Keys::open(log.pool(), MasterKey::generate()).await.unwrap_err();
    assert!(matches!(error, Error::MasterKeyUnknown { .. }), "{error}");
}

#[tokio::test]
async fn without_a_master_key_the_log_can_be_read_but_not_what_is_sealed() {
    let (log, _) = log().await;
    run(&node(&log), Uuid::now_v7(), create()).await.unwrap();
    let id = Uuid::now_v7();
    run(&node(&log), id, create()).await.unwrap();
    run(&node(&log), id, post("a secret")).await.unwrap();
    let blind = Log::new(log.pool().clone(), Keys::none());
    let events = blind.read(2, 1).await.unwrap();
    assert!(events[0].shown().unwrap().contains(STILL_SEALED));
    let refused = run(&node(&blind), id, post("x")).await;
    assert!(matches!(refused, Err(CommandError::Store(Error::MasterKeyMissing))), "{refused:?}");
}

#[tokio::test]
async fn idempotency_keys_are_kept_for_72_hours() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let idempotency = Idempotency { key: "k".to_owned(), request_digest: vec![1] };
    let post = async || {
        let context = context(Some(idempotency.clone()));
        commands.execute::<Conversation>(id, post("hi"), &context).await.unwrap()
    };
    let age = async |age: &str| {
        let sql = format!("update idempotency_keys set claimed_at = now() - interval '{age}'");
        sqlx::query(&sql).execute(log.pool()).await.unwrap();
        crate::idempotency::prune(log.pool()).await.unwrap()
    };
    post().await;
    assert_eq!(age("71 hours 59 minutes").await, 0);
    assert!(post().await.replayed);
    assert_eq!(age("72 hours 1 minute").await, 1);
    assert!(!post().await.replayed);
}

/// Also when PostgreSQL knows nothing of the values, or of how the tables have grown.
#[tokio::test(flavor = "multi_thread")]
async fn the_tail_of_the_log_is_read_by_look_ups() {
    let (log, url) = log().await;
    let commands = node(&log);
    for n in 0..50_u128 {
        run(&commands, Uuid::from_u128(n + 10), create()).await.unwrap();
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let select = crate::recorded::SELECT;
    let prepare = format!(
        "set plan_cache_mode = force_generic_plan;
         prepare tail (bigint, bigint) as {select} where e.position > $1 order by e.position limit $2"
    );
    connection.execute(prepare.as_str()).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar("explain execute tail(49, 10)")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let plan = plan.join("\n");
    for index in
        ["events_one_per_position", "event_keys_one_per_event", "stream_keys_one_per_stream"]
    {
        assert!(plan.contains(&format!("using {index}")), "{plan}");
    }
    assert!(!plan.contains("Join") && !plan.contains("Seq Scan"), "{plan}");
}

#[tokio::test]
async fn several_commands_on_a_stream_are_carried_out_all_or_none() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    let both = vec![create(), post("hello")];
    let made = commands.execute_all::<Conversation>(id, both, &context(None)).await.unwrap();
    assert_eq!((made.first, made.position), (Some(1), 2));
    let named = |event: &RecordedEvent| event.metadata_value("command").unwrap();
    let events = log.read(0, 10).await.unwrap();
    assert_eq!(events.iter().map(named).collect::<Vec<_>>(), ["CreateConversation", "PostMessage"]);

    let spoilt = vec![Command::TrashConversation, post("into the trash")];
    let refused = commands.execute_all::<Conversation>(id, spoilt, &context(None)).await;
    assert!(matches!(refused, Err(CommandError::Refused(Refusal::ConversationTrashed))));
    assert_eq!(count(log.pool()).await, 2);
    run(&commands, id, post("it never was in the trash")).await.unwrap();
    assert_eq!(count(log.pool()).await, 3);
}

#[tokio::test]
async fn a_key_that_stood_for_nothing_to_do_says_so_when_it_comes_again() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let key = || context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![1] }));
    for replayed in [false, true] {
        let add = Command::AddMember { user: BOB };
        let outcome = commands.execute::<Conversation>(id, add, &key()).await.unwrap();
        assert_eq!((outcome.first, outcome.replayed), (None, replayed));
    }
    let replay = commands.replay(&key()).await.unwrap().unwrap();
    assert_eq!((replay.first, replay.replayed), (None, true));
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let (log, _) = log().await;
    log.pool()
        .execute("update _sqlx_migrations set checksum = 'other', description = 'event log'")
        .await
        .unwrap();
    let error = migrate(log.pool()).await.unwrap_err();
    assert!(matches!(error, Error::OtherSchema(_)), "{error}");
    assert!(error.to_string().contains("another version of Colloquy"), "{error}");
}

async fn run_in(commands: &Commands, account: i64, id: Uuid, command: Command) -> Outcome {
    let mut context = context(None);
    context.metadata.account = account;
    commands.execute::<Conversation>(id, command, &context).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn account_positions_count_from_one_within_each_account() {
    let (log, _) = log().await;
    let nodes = [node(&log), node(&log)];
    let tasks = (0..120_i64).map(|n| {
        let commands = nodes[n as usize % 2].clone();
        async move {
            let (account, id) = (n % 3 + 1, Uuid::now_v7());
            let made = run_in(&commands, account, id, create()).await;
            let posted = run_in(&commands, account, id, post("hi")).await;
            assert!(posted.first > made.first);
            [(account, made), (account, posted)]
        }
    });
    let outcomes: Vec<_> =
        futures::stream::iter(tasks).buffer_unordered(32).collect::<Vec<_>>().await.concat();
    let events = log.read(0, 1000).await.unwrap();
    for account in 1..=3 {
        let of_account = events.iter().filter(|event| event.account == account);
        let numbers: Vec<i64> = of_account.map(|event| event.account_position).collect();
        assert_eq!(numbers, (1..=80).collect::<Vec<_>>(), "account {account}");
    }
    for (account, outcome) in outcomes {
        let event = &events[outcome.position as usize - 1];
        assert_eq!((event.account, Some(event.account_position)), (account, outcome.first));
    }
    let heads: Vec<(i64, i64, i64)> = sqlx::query_as(
        "select h.account_id, h.account_position, h.position
         from account_heads h
         join events e using (account_id, account_position, position)
         order by 1",
    )
    .fetch_all(log.pool())
    .await
    .unwrap();
    assert_eq!(
        heads.iter().map(|head| (head.0, head.1)).collect::<Vec<_>>(),
        [(1, 80), (2, 80), (3, 80)]
    );
}

#[tokio::test]
async fn a_replayed_key_tells_where_all_that_its_command_did_went() {
    let (log, _) = log().await;
    let commands = node(&log);
    run_in(&commands, 2, Uuid::now_v7(), create()).await;
    let key = context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![1] }));
    let id = Uuid::now_v7();
    let both = || vec![create(), post("hello")];
    let first = commands.execute_all::<Conversation>(id, both(), &key).await.unwrap();
    assert_eq!((first.first, first.position), (Some(1), 3));
    let again = commands.execute_all::<Conversation>(id, both(), &key).await.unwrap();
    assert_eq!(again, Outcome { replayed: true, ..first });
}

#[tokio::test]
async fn every_event_names_its_conversation() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let seat = domain::participation::Seat { conversation: id, user: ANN, membership: 1 };
    let change = domain::participation::ChangeCommand::PinConversation;
    let pin = domain::participation::Command { seat, change };
    let stream = domain::participation_id(id, ANN);
    let context = context(None);
    commands.execute::<domain::participation::Participation>(stream, pin, &context).await.unwrap();
    let read = domain::audit::Command::RecordReading {
        conversation: id,
        part: domain::audit::Part::State,
    };
    let stream = domain::audit_id(id);
    commands.execute::<domain::audit::Audit>(stream, read, &context).await.unwrap();
    let register =
        user::Command::RegisterUser { uid: "ann".to_owned(), profile: Profile::default() };
    commands.execute::<User>(domain::user_id(1, "ann"), register, &context).await.unwrap();
    let of: Vec<Option<Uuid>> =
        log.read(0, 10).await.unwrap().iter().map(|event| event.conversation_id).collect();
    assert_eq!(of, [Some(id), Some(id), Some(id), None]);
    assert_eq!(log.read_conversation(id, 0, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_checkpoint_moves_only_from_where_its_row_stands() {
    let (log, _) = log().await;
    let lease = Lease::acquire(log.pool(), "x", Uuid::from_u128(1)).await.unwrap().unwrap();
    for name in ["a", "b"] {
        checkpoint(log.pool(), name).await.unwrap();
    }
    let mut connection = log.pool().acquire().await.unwrap();
    lease.advance(&mut connection, &["a", "b"], 0, 5).await.unwrap();
    lease.advance(&mut connection, &["b"], 5, 9).await.unwrap();
    let moved = lease.advance(&mut connection, &["a", "b"], 5, 12).await;
    assert!(matches!(moved, Err(Error::CheckpointMoved { from: 5, .. })), "{moved:?}");
    lease.hold(&mut connection).await.unwrap();
    let positions = [checkpoint(log.pool(), "a").await, checkpoint(log.pool(), "b").await];
    assert_eq!(positions.map(Result::unwrap), [5, 9], "neither of the two was moved");
}

#[tokio::test]
async fn an_append_digests_as_the_function_and_as_the_verifier_do() {
    let (log, _) = log().await;
    let commands = node(&log);
    run_in(&commands, 7, Uuid::now_v7(), create()).await;
    run_in(&commands, 7, Uuid::now_v7(), create()).await;
    let register =
        user::Command::RegisterUser { uid: "änn".to_owned(), profile: Profile::default() };
    commands.execute::<User>(domain::user_id(1, "änn"), register, &context(None)).await.unwrap();
    let differing: i64 = sqlx::query_scalar(
        "select count(*)
         from (select e.*, coalesce(lag(e.digest) over (order by e.position),
                                    decode(repeat('00', 32), 'hex')) as previous
               from events e) e
         where e.digest <> event_digest(
             e.previous, e.position, e.event_id, e.account_id, e.account_position,
             e.aggregate_type, e.aggregate_id, e.sequence, e.conversation_id, e.event_type,
             e.event_version, e.payload::text, e.metadata::text, microseconds(e.recorded_at))",
    )
    .fetch_one(log.pool())
    .await
    .unwrap();
    assert_eq!(differing, 0);
    let mut transfer = Transfer::begin(log.pool()).await.unwrap();
    let mut verifier = Verifier::default();
    let mut events = std::pin::pin!(transfer.events(0, 10, WithKeys::No));
    while let Some(event) = events.next().await {
        verifier.check(&event.unwrap()).unwrap();
    }
    assert_eq!(verifier.position(), 3);
}

/// The database was put back to before the stream had its key, which this process remembers.
#[tokio::test]
async fn what_is_appended_can_be_read_also_when_the_streams_key_was_lost() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    run(&commands, id, post("before")).await.unwrap();
    log.pool().execute("delete from event_keys; delete from stream_keys").await.unwrap();
    run(&commands, id, post("after")).await.unwrap();
    let blank = Log::new(log.pool().clone(), log.keys().clone());
    log.keys().forget(&format!("conversation/{id}")).await;
    let events = blank.read(0, 10).await.unwrap();
    assert!(events[1].shown().unwrap().contains(ERASED));
    assert!(events[2].shown().unwrap().contains("after"));
}

#[tokio::test]
async fn a_log_that_is_shorter_than_it_was_ends_the_process() {
    let (log, _) = log().await;
    let commands = Commands::start(log.clone(), &Settings::default(), CancellationToken::new());
    for _ in 0..3 {
        run(&commands, Uuid::now_v7(), create()).await.unwrap();
    }
    assert_eq!(log.look().await.unwrap(), 3);
    assert_eq!(log.availability().outage(), None);
    log.pool().execute("update log_head set position = 1").await.unwrap();
    log.look().await.unwrap();
    let reason = log.availability().failed().await;
    assert!(reason.contains("its log had 3 events, and has 1"), "{reason}");
}

#[tokio::test]
async fn a_requests_digest_is_the_same_on_every_node_and_under_every_master_key_and_cannot_be_guessed()
 {
    let pool = PgPool::connect(&embedded::testing::database().await.url).await.unwrap();
    migrate(&pool).await.unwrap();
    let (first, second) = (MasterKey::generate(), MasterKey::generate());
    let keys = Keys::open(&pool, first.clone()).await.unwrap();
    let digest = |keys: &Keys| keys.request_digest(&[b"POST", b"yes"]).unwrap();
    let noted = digest(&keys);
    assert_eq!(digest(&Keys::open(&pool, first).await.unwrap()), noted);
    while keys.rewrap(&pool, &second, 10).await.unwrap() > 0 {}
    assert_eq!(digest(&Keys::open(&pool, second).await.unwrap()), noted);

    assert_ne!(keys.request_digest(&[b"POSTy", b"es"]).unwrap(), noted);
    let (elsewhere, _) = log().await;
    assert_ne!(digest(elsewhere.keys()), noted);
    assert!(matches!(Keys::none().request_digest(&[]), Err(Error::MasterKeyMissing)));
}

#[tokio::test]
async fn a_server_that_lost_its_connection_during_a_rotation_is_told_so() {
    let pool = PgPool::connect(&embedded::testing::database().await.url).await.unwrap();
    migrate(&pool).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    let mut in_use = KeysInUse::begin(&pool).await.unwrap();
    in_use.check(&keys).await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity
         where datname = current_database() and application_name like 'colloquy serve%'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let alone = KeysAlone::begin(&pool).await.unwrap();
    assert!(matches!(KeysInUse::begin(&pool).await, Err(Error::KeysRotating)));
    let to = MasterKey::generate();
    keys.rewrap(&pool, &to, 10).await.unwrap();
    drop(alone);
    let told = in_use.keep(&keys).await;
    assert!(matches!(told, Error::RotationUnfinished), "{told}");
}

#[tokio::test]
async fn a_server_whose_connection_was_dropped_without_a_word_still_keeps_the_keys() {
    let options: PgConnectOptions = embedded::testing::database().await.url.parse().unwrap();
    let proxy = embedded::testing::Proxy::start(options.get_port()).await;
    let pool = PgPool::connect_with(options.clone()).await.unwrap();
    migrate(&pool).await.unwrap();
    let keys = Keys::open(&pool, MasterKey::generate()).await.unwrap();
    let through_the_proxy = PgPool::connect_lazy_with(options.port(proxy.port));
    let mut in_use = KeysInUse::begin(&through_the_proxy).await.unwrap();
    in_use.check(&keys).await.unwrap();
    proxy.cut();
    // PostgreSQL does not know that the first connection is cut.
    let is_locked_again = async {
        let mut holders = 1_i64;
        while holders < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let locks = "select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
                 where l.locktype = 'advisory' and l.granted
                   and a.datname = current_database() and a.application_name like 'colloquy serve%'";
            holders = sqlx::query_scalar(locks).fetch_one(&pool).await.unwrap();
        }
    };
    tokio::select! {
        told = in_use.keep(&keys) => panic!("{told}"),
        () = is_locked_again => {}
        () = tokio::time::sleep(Duration::from_secs(30)) => panic!("the lock is not held again"),
    }
}
