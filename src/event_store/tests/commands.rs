use std::collections::BTreeSet;
use std::time::Duration;

use cqrs_es::EventStore;
use domain::conversation::{Command, Conversation, Event, Refusal};
use domain::{AccountPosition, ConversationId, Position};
use futures::future::join_all;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{append, context, count, create, log, node, post, run};
use crate::{Appended, CommandError, Commands, Idempotency, Outcome, RecordedEvent, Together};

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
    // Nor does "nothing to do" come from a stale cache.
    run(&there, id, Command::TrashConversation).await.unwrap();
    let outcome = run(&here, id, Command::RestoreConversation).await.unwrap();
    assert!(outcome.first.is_some());
}

#[tokio::test]
async fn a_bad_append_fails_alone() {
    let (log, _) = log().await;
    let commands = node(&log);
    let appender = commands.store().appender();
    let appends = (0..20).map(|n| {
        let payload = if n == 7 { "no json" } else { "{}" };
        appender.append(append(&[(Uuid::now_v7(), 0)], payload, None))
    });
    let outcomes = join_all(appends).await;
    let failed: Vec<usize> =
        outcomes.iter().enumerate().filter(|(_, o)| o.is_err()).map(|(n, _)| n).collect();
    assert_eq!(failed, [7]);
    assert_eq!((count(log.pool()).await, log.head().await.unwrap().get()), (19, 19));
}

/// No trigger can break the connection after the commit. A batch that is sent again although its
/// first sending was committed is equally ambiguous.
#[tokio::test]
async fn an_append_sent_again_after_an_unclear_commit_lands_once() {
    let (log, _) = log().await;
    let commands = node(&log);
    let idempotency = Idempotency { key: "k".to_owned(), request_digest: vec![1] };
    let append = append(&[(Uuid::now_v7(), 0)], "{}", Some(idempotency));
    let appender = commands.store().appender();
    let first = Appended::At {
        position: Position::new(1),
        account_position: Some(AccountPosition::new(1)),
    };
    assert_eq!(appender.append(append.clone()).await.unwrap(), first);
    assert_eq!(appender.append(append).await.unwrap(), first);
    assert_eq!(count(log.pool()).await, 1);
}

async fn create_both(
    commands: &Commands,
    id: Uuid,
    other: Uuid,
) -> Result<Outcome, CommandError<Refusal>> {
    let together = Together::of::<Conversation>(id.into(), vec![create()])
        .and::<Conversation>(other.into(), vec![create()]);
    commands.execute_together(together, &context(None)).await
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
                // Long enough for a new connection, which has to plan everything first, to get a
                // batch through.
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
            for _ in 0..20 {
                let [id, other] = [(); 2].map(|()| Uuid::now_v7());
                // A load that is cut fails cleanly, and its caller repeats it; the appender repeats
                // an append itself.
                while create_both(&commands, id, other).await.is_err() {}
                acknowledged += 2;
            }
            acknowledged
        })
    });
    let acknowledged: i64 = join_all(tasks).await.into_iter().map(|task| task.unwrap()).sum();
    stop.cancel();
    assert!(cutter.await.unwrap() > 0, "no connection was cut, so nothing was tested");
    assert_eq!(count(log.pool()).await, acknowledged);
    assert_eq!(log.read(Position::START, 1000).await.unwrap().len() as i64, acknowledged);
}

#[tokio::test]
async fn several_commands_on_a_stream_are_carried_out_all_or_none() {
    let (log, _) = log().await;
    let commands = node(&log);
    let id = Uuid::now_v7();
    let both = vec![create(), post("hello")];
    let made = commands
        .execute_all::<Conversation>(ConversationId::new(id), both, &context(None))
        .await
        .unwrap();
    assert_eq!((made.first, made.position), (Some(AccountPosition::new(1)), Position::new(2)));
    let named = |event: &RecordedEvent| event.metadata_value("command").unwrap();
    let events = log.read(Position::START, 10).await.unwrap();
    assert_eq!(events.iter().map(named).collect::<Vec<_>>(), ["CreateConversation", "PostMessage"]);

    let spoilt = vec![Command::TrashConversation, post("into the trash")];
    let refused =
        commands.execute_all::<Conversation>(ConversationId::new(id), spoilt, &context(None)).await;
    assert!(matches!(refused, Err(CommandError::Refused(Refusal::ConversationTrashed))));
    assert_eq!(count(log.pool()).await, 2);
    run(&commands, id, post("it never was in the trash")).await.unwrap();
    assert_eq!(count(log.pool()).await, 3);
}
