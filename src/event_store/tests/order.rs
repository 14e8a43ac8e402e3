use std::collections::BTreeSet;

use domain::user::{self, Profile, User};
use domain::{AccountId, AccountPosition, ConversationId, MembershipId, Position};
use embedded::testing::wait_until;
use futures::StreamExt;
use futures::future::join_all;
use sqlx::{Connection, Executor, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{ANN, context, create, log, node, post, run, run_in};
use crate::{Commands, Error, Found, RecordedEvent, Search, Settings};

#[tokio::test]
async fn positions_count_from_one_over_all_streams() {
    let (log, _) = log().await;
    let commands = node(&log);
    for n in 1..=5 {
        let outcome = run(&commands, Uuid::now_v7(), create()).await.unwrap();
        assert_eq!(outcome.first, Some(AccountPosition::new(n)));
    }
    let positions: Vec<i64> = log
        .read(Position::START, 10)
        .await
        .unwrap()
        .iter()
        .map(|event| event.position.get())
        .collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    assert_eq!(log.head().await.unwrap(), Position::new(5));
}

/// Why the head is a row and not a sequence: with a sequence, the second writer could commit first,
/// a tailing reader would move past both numbers, and it would never see the first writer's event.
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
    assert_eq!(log.read(Position::START, 10).await.unwrap().len(), 0, "nothing is committed yet");
    slow.execute("commit").await.unwrap();
    fast.await.unwrap();
    let types: Vec<String> = log
        .read(Position::START, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|event| event.event_type)
        .collect();
    assert_eq!(types, ["slow", "fast"]);
}

fn append_sql(name: &str, expected: i64) -> String {
    format!(
        "select * from append_events(
             null, array[1::bigint], array[1], array[''], array[null]::text[], array[null]::bytea[],
             array[1], array['test'], array['{}'], array[{expected}::bigint], array[null]::bytea[],
             array[1], array['{}'::uuid], array['{name}'], array['1'], array['{{}}'], array['{{}}'],
             array[null]::uuid[], array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
        Uuid::now_v7(),
        Uuid::now_v7()
    )
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
                let after =
                    seen.last().map_or(Position::START, |event: &RecordedEvent| event.position);
                let batch = log.read(Position::new(after.get()), 100).await.unwrap();
                seen.extend(batch);
                if seen.pop_if(|event| event.event_type == "end").is_some() {
                    return seen;
                }
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
    let hole = log.read(Position::START, 10).await;
    let Err(Error::Hole { expected, found }) = hole else { panic!("{hole:?}") };
    assert_eq!((expected.get(), found.get()), (2, 3));
}

#[tokio::test]
async fn every_event_names_its_conversation() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = ConversationId::new(Uuid::now_v7());
    run(&commands, id, create()).await.unwrap();
    let membership =
        domain::participation::Membership { conversation: id, user: ANN, id: MembershipId::new(1) };
    let change = domain::participation::ChangeCommand::PinConversation;
    let pin = domain::participation::Command { membership, change };
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
    commands
        .execute::<User>(domain::user_id(AccountId::FIRST, "ann"), register, &context)
        .await
        .unwrap();
    let of: Vec<Option<ConversationId>> = log
        .read(Position::START, 10)
        .await
        .unwrap()
        .iter()
        .map(|event| event.conversation_id)
        .collect();
    assert_eq!(of, [Some(id), Some(id), Some(id), None]);
    assert_eq!(log.read_conversation(id, Position::START, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_search_finds_no_more_at_once_than_fits_into_memory() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    run(&commands, id, create()).await.unwrap();
    let longest = "🙂".repeat(150_000);
    for _ in 0..16 {
        run(&commands, id, post(&longest)).await.unwrap();
    }
    let (mut after, mut sizes) = (0, Vec::new());
    loop {
        let Found { events, more } =
            log.search(&Search::default(), Position::new(after), 1000).await.unwrap();
        sizes.push(events.len());
        after = events.last().unwrap().position.get();
        if !more {
            break;
        }
    }
    assert_eq!((after, sizes.iter().sum::<usize>()), (17, 17));
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size < 16), "{sizes:?}");
    // A limit of one still finds an event of that size.
    let Found { events, more } = log.search(&Search::default(), Position::new(1), 1).await.unwrap();
    assert_eq!((events.len(), more), (1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn account_positions_count_from_one_within_each_account() {
    let (log, _) = log().await;
    let nodes = [node(&log), node(&log)];
    let tasks = (0..120_i64).map(|n| {
        let commands = nodes[n as usize % 2].clone();
        async move {
            let (account, id) = (AccountId::new(n % 3 + 1), Uuid::now_v7().into());
            let made = run_in(&commands, account, id, create()).await;
            let posted = run_in(&commands, account, id, post("hi")).await;
            assert!(posted.first > made.first);
            [(account, made), (account, posted)]
        }
    });
    let outcomes: Vec<_> =
        futures::stream::iter(tasks).buffer_unordered(32).collect::<Vec<_>>().await.concat();
    let events = log.read(Position::START, 1000).await.unwrap();
    for account in 1..=3 {
        let of_account = events.iter().filter(|event| event.account == AccountId::new(account));
        let numbers: Vec<i64> = of_account.map(|event| event.account_position.get()).collect();
        assert_eq!(numbers, (1..=80).collect::<Vec<_>>(), "account {account}");
    }
    for (account, outcome) in outcomes {
        let event = &events[outcome.position.get() as usize - 1];
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
async fn a_log_that_is_shorter_than_it_was_ends_the_process() {
    let (log, _) = log().await;
    let commands = Commands::start(log.clone(), &Settings::default(), CancellationToken::new());
    for _ in 0..3 {
        run(&commands, Uuid::now_v7(), create()).await.unwrap();
    }
    assert_eq!(log.look().await.unwrap(), Position::new(3));
    assert_eq!(log.availability().outage(), None);
    log.pool().execute("update log_head set position = 1").await.unwrap();
    log.look().await.unwrap();
    let reason = log.availability().failed().await;
    assert!(reason.contains("its log had 3 events, and has 1"), "{reason}");
}
