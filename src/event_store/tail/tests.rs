//! The shared tail, on a real PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::conversation::{Command, Conversation, Refusal};
use domain::{ConversationId, MessageId, Position};
use futures::future::join_all;
use sqlx::Executor;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ring::Ring;
use super::{Budget, LogEvent};
use crate::tests::{ANN, context, create, log, node, post, run};
use crate::{CommandError, Commands, Error, Log, Settings, Together, UNREADABLE};

const STREAM: ConversationId = ConversationId::new(Uuid::from_u128(100));

fn budget(events_max: usize) -> Budget {
    Budget { events_max, ..Budget::default() }
}

/// A log whose ring holds ten events, and a node that appends `events` to it.
async fn log_of(events: usize) -> (Log, Commands) {
    let (log, _) = log().await;
    let log = log.with_ring(Ring::new(budget(10)));
    let commands = Commands::start(log.clone(), &Settings::default(), CancellationToken::new());
    run(&commands, STREAM, create()).await.unwrap();
    for n in 1..events {
        run(&commands, STREAM, post(&format!("message {n}"))).await.unwrap();
    }
    (log, commands)
}

fn positions(events: &[Arc<LogEvent>]) -> Vec<i64> {
    events.iter().map(|event| event.recorded.position.get()).collect()
}

#[tokio::test]
async fn many_who_follow_cost_one_reading() {
    let (log, _commands) = log_of(8).await;
    let reads = || log.ring().reads.load(Ordering::Relaxed);
    let before = reads();
    let tails =
        join_all((0..20).map(|_| async { log.tail().read(Position::START, budget(100)).await }))
            .await;
    for tail in tails {
        assert_eq!(positions(&tail.unwrap()), (1..=8).collect::<Vec<_>>());
    }
    assert_eq!(reads() - before, 1);
    assert!(log.tail().read(Position::new(8), budget(100)).await.unwrap().is_empty());
    assert_eq!(reads() - before, 1, "nothing newer is known without asking");
}

#[tokio::test]
async fn the_ring_keeps_the_newest_and_who_is_far_behind_does_not_push_them_out() {
    let (log, _commands) = log_of(30).await;
    let tail = log.tail();
    let newest = tail.read(Position::new(25), budget(100)).await.unwrap();
    assert_eq!(positions(&newest), (26..=30).collect::<Vec<_>>());
    let mut behind = Vec::new();
    while behind.len() < 30 {
        let more = tail.read(Position::new(behind.len() as i64), budget(7)).await.unwrap();
        assert!((1..=7).contains(&more.len()));
        behind.extend(positions(&more));
    }
    assert_eq!(behind, (1..=30).collect::<Vec<_>>());
    assert!(log.ring().size().0 <= 10, "{:?}", log.ring().size());
    assert_eq!(log.ring().end().0, Some(Position::new(30)));
}

#[tokio::test]
async fn a_node_sees_what_others_append_once_it_has_looked() {
    let (log, _commands) = log_of(3).await;
    let other = Log::new(log.pool().clone(), log.keys().clone());
    assert_eq!(
        positions(&other.tail().read(Position::START, budget(100)).await.unwrap()),
        [1, 2, 3]
    );
    run(&node(&log), STREAM, post("elsewhere")).await.unwrap();
    assert!(other.tail().read(Position::new(3), budget(100)).await.unwrap().is_empty());
    other.look().await.unwrap();
    assert_eq!(positions(&other.tail().read(Position::new(3), budget(100)).await.unwrap()), [4]);
}

#[tokio::test]
async fn what_the_process_appends_is_not_read_again_and_is_what_would_be_read() {
    let (log, commands) = log_of(1).await;
    log.tail().read(Position::START, budget(1)).await.unwrap();
    let reads = || log.ring().reads.load(Ordering::Relaxed);
    let before = reads();
    let other = ConversationId::new(Uuid::from_u128(200));
    let renamed = Command::RenameConversation { name: Some("a name".into()) };
    run(&commands, STREAM, post("sealed")).await.unwrap();
    run(&commands, STREAM, renamed).await.unwrap();
    let together: Together<Refusal> =
        Together::of::<Conversation>(other, vec![create(), post("of two streams")])
            .and::<Conversation>(STREAM, vec![post("in one append")]);
    commands.execute_together(together, &context(None)).await.unwrap();
    let handed = log.tail().read(Position::new(1), budget(100)).await.unwrap();
    assert_eq!(positions(&handed), (2..=6).collect::<Vec<_>>());
    assert_eq!(reads(), before);
    let read = log.tail().fetch(Position::new(1), budget(100)).await.unwrap();
    // Decrypts the private values of both first, since that is done lazily.
    let whole = |events: &[Arc<LogEvent>]| {
        for event in events {
            event.recorded.reveal().unwrap();
        }
        format!("{events:#?}")
    };
    assert_eq!(whole(&handed), whole(&read));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_append_in_turns_both_have_all_events_in_order() {
    let (log, commands) = log_of(1).await;
    let other = Log::new(log.pool().clone(), log.keys().clone()).with_ring(Ring::new(budget(40)));
    let second = node(&other);
    let append = async |commands: &Commands, stream: u128| {
        let stream = Uuid::from_u128(stream);
        run(commands, stream, create()).await.unwrap();
        for n in 0..50 {
            run(commands, stream, post(&n.to_string())).await.unwrap();
        }
    };
    let follow = async |log: &Log| {
        let mut seen: Vec<Arc<LogEvent>> = Vec::new();
        while seen.len() < 103 {
            let after = seen.last().map_or(Position::START, |event| event.position());
            log.changed_after(after).await;
            seen.extend(log.tail().read(after, budget(100)).await.unwrap());
        }
        seen
    };
    let ((), (), first, second) =
        tokio::join!(append(&commands, 300), append(&second, 301), follow(&log), follow(&other));
    for seen in [first, second] {
        assert_eq!(positions(&seen), (1..=103).collect::<Vec<_>>());
        let read = log.tail().fetch(Position::START, budget(103)).await.unwrap();
        let digest = |event: &Arc<LogEvent>| event.recorded.digest.clone();
        assert!(seen.iter().map(digest).eq(read.iter().map(digest)));
    }
}

#[tokio::test]
async fn the_ring_forgets_what_is_erased() {
    let (log, commands) = log_of(1).await;
    let message = Uuid::now_v7();
    let said = Command::PostMessage {
        message: MessageId::new(message),
        author: ANN,
        text: "not for long".into(),
        metadata: None,
        tags: vec![],
    };
    run(&commands, STREAM, said).await.unwrap();
    let shown = async || {
        format!("{:?}", log.tail().read(Position::new(1), budget(1)).await.unwrap()[0].event)
    };
    assert!(shown().await.contains("text: Private"), "{}", shown().await);
    let delete = Command::DeleteMessage { message: MessageId::new(message) };
    commands.execute::<Conversation>(STREAM, delete, &context(None)).await.unwrap();
    log.tail().read(Position::new(2), budget(10)).await.unwrap();
    assert!(shown().await.contains("text: Redacted"), "{}", shown().await);
}

#[tokio::test]
async fn a_key_that_does_not_open_makes_its_own_events_unreadable_and_no_others() {
    let (log, commands) = log_of(2).await;
    run(&commands, Uuid::now_v7(), create()).await.unwrap();
    for (damage, what) in [
        ("update event_keys set wrapped = 'changed' where position = 2", "its own key"),
        ("update stream_keys set wrapped = 'changed'", "the key of its stream"),
    ] {
        log.pool().execute(damage).await.unwrap();
        log.keys().forget(&format!("conversation/{STREAM}"));
        let log = Log::new(log.pool().clone(), log.keys().clone());
        let events = log.tail().read(Position::START, budget(10)).await.unwrap();
        assert!(events[0].event.is_ok() && events[2].event.is_ok());
        let error = events[1].event.as_ref().unwrap_err().to_string();
        assert!(error.starts_with("event at position 2, number 2 of stream conversation/"));
        assert!(error.ends_with(&format!(": {what} cannot be opened")), "{error}");
        assert!(events[1].recorded.reveal_in_part().contains(UNREADABLE));
        let refused = run(&node(&log), STREAM, post("after")).await;
        assert!(matches!(refused, Err(CommandError::Store(Error::CannotOpen { .. }))));
    }
}
