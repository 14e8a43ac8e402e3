//! Commands on several streams, all or none.

use domain::conversation::{self, Conversation};
use domain::{AccountPosition, Position, Private};
use embedded::testing::PATIENCE;
use futures::future::join_all;
use uuid::Uuid;

use super::purse::{Command, Purse, TooFew};
use super::{append, context, count, create, log, node, post, run};
use crate::{Appended, CommandError, Commands, Context, Idempotency, Outcome, Together};

/// The common refusal type.
#[derive(Debug, PartialEq)]
enum Refused {
    Purse(i64),
    Conversation(conversation::Refusal),
}

impl From<TooFew> for Refused {
    fn from(TooFew(coins): TooFew) -> Self {
        Self::Purse(coins)
    }
}

fn transfer(coins: i64, from: Uuid, to: Uuid) -> Together<Refused> {
    Together::of::<Purse>(from, vec![Command::Take(coins)])
        .and::<Purse>(to, vec![Command::Put(coins)])
}

async fn fill(commands: &Commands, purse: Uuid, coins: i64) {
    commands.execute::<Purse>(purse, Command::Put(coins), &context(None)).await.unwrap();
}

async fn coins(commands: &Commands, purse: Uuid) -> i64 {
    commands.store().load::<Purse>(&purse.to_string()).await.unwrap().aggregate.coins
}

fn new_ids<const N: usize>() -> [Uuid; N] {
    [(); N].map(|()| Uuid::now_v7())
}

fn keyed(request: u8) -> Context {
    context(Some(Idempotency { key: "k".to_owned(), request_digest: vec![request] }))
}

#[tokio::test]
async fn what_several_streams_decide_is_one_commit_with_one_outcome() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [room, other, purse] = new_ids();
    let together = Together::<Refused>::of::<Purse>(purse, vec![Command::Put(5)])
        .and_refused_as::<Conversation>(room.into(), vec![create(), post("here")], refused)
        .and_refused_as::<Conversation>(other.into(), vec![create(), post("there")], refused);
    let outcome = commands.execute_together(together, &context(None)).await.unwrap();
    let expected = Outcome {
        aggregate_id: purse,
        position: Position::new(5),
        first: Some(AccountPosition::new(1)),
        replayed: false,
    };
    assert_eq!(outcome, expected);
    let events = log.read(Position::START, 10).await.unwrap();
    let recorded = events.iter().map(|event| event.recorded_at);
    assert!(recorded.clone().eq(std::iter::repeat_n(events[0].recorded_at, 5)));
    let names: Vec<_> = events.iter().map(|e| e.metadata_value("command").unwrap()).collect();
    let both = ["CreateConversation", "PostMessage"];
    assert_eq!(names, [&["Put"][..], &both, &both].concat());
    // Each room's text was encrypted under the key created in the same append.
    for (event, expected) in [(&events[2], "here"), (&events[4], "there")] {
        let conversation::Event::MessagePosted { text, .. } = event.decode().unwrap() else {
            panic!("{event:?}");
        };
        assert_eq!(text, Private::from(expected.to_owned()));
    }
}

fn refused(refusal: conversation::Refusal) -> Refused {
    Refused::Conversation(refusal)
}

#[tokio::test]
async fn a_refusal_of_one_stream_leaves_all_as_they_were() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [from, to, unknown] = new_ids();
    fill(&commands, from, 5).await;
    let execute = async |together| commands.execute_together(together, &context(None)).await;
    let refused_last = Together::of::<Purse>(from, vec![Command::Take(1)])
        .and_refused_as::<Conversation>(unknown.into(), vec![post("hi")], refused);
    for (together, expected) in [
        (transfer(6, from, to), Refused::Purse(5)),
        (refused_last, Refused::Conversation(conversation::Refusal::ConversationUnknown)),
    ] {
        let Err(CommandError::Refused(refusal)) = execute(together).await else { panic!() };
        assert_eq!(refusal, expected);
    }
    assert_eq!(count(log.pool()).await, 1);
    execute(transfer(5, from, to)).await.unwrap();
    assert_eq!((coins(&commands, from).await, coins(&commands, to).await), (0, 5));
}

#[tokio::test]
async fn a_stream_that_is_named_twice_sees_the_first_commands_before_the_second() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [purse] = new_ids();
    fill(&commands, purse, 1).await;
    commands.execute_together(transfer(1, purse, purse), &context(None)).await.unwrap();
    assert_eq!((coins(&commands, purse).await, count(log.pool()).await), (1, 3));
}

/// Even if the changed stream gets no event: a decision over several streams holds for all of them.
#[tokio::test]
async fn no_stream_is_decided_from_a_stale_cache() {
    let (log, _) = log().await;
    let (here, there) = (node(&log), node(&log));
    let [room, purse] = new_ids();
    run(&here, room, create()).await.unwrap();
    let restore = async |coins| {
        let restore = vec![conversation::Command::RestoreConversation];
        let together = Together::<Refused>::of::<Purse>(purse, vec![Command::Put(coins)])
            .and_refused_as::<Conversation>(room.into(), restore, refused);
        here.execute_together(together, &context(None)).await.unwrap()
    };
    let restored = conversation::Event::ConversationRestored;
    for coins in [1, 0] {
        // `here` still caches the state in which there is nothing to restore.
        run(&there, room, conversation::Command::TrashConversation).await.unwrap();
        restore(coins).await;
        let restored = log.ends_with::<Conversation>(room.into(), &restored).await;
        assert!(restored.unwrap(), "{coins} coins");
    }
    let head = log.head().await.unwrap();
    let nothing = restore(0).await;
    assert_eq!((nothing.position, nothing.first), (head, None));
}

#[tokio::test]
async fn a_key_stands_for_what_all_streams_did() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [from, to] = new_ids();
    fill(&commands, from, 5).await;
    let execute = async |coins, request: u8| {
        commands.execute_together(transfer(coins, from, to), &keyed(request)).await
    };
    let first = execute(2, 1).await.unwrap();
    assert_eq!((first.aggregate_id, first.position), (from, Position::new(3)));
    // Even if the command would by now be refused, or change nothing.
    for coins in [2, 9, 0] {
        assert_eq!(execute(coins, 1).await.unwrap(), Outcome { replayed: true, ..first.clone() });
    }
    assert!(matches!(execute(2, 2).await, Err(CommandError::KeyReused)));
    assert_eq!((coins(&commands, to).await, count(log.pool()).await), (2, 3));
}

#[tokio::test]
async fn a_key_of_several_streams_that_had_nothing_to_do_stands_for_that() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [from, to] = new_ids();
    fill(&commands, from, 5).await;
    for (coins, replayed) in [(0, false), (5, true)] {
        let moved = commands.execute_together(transfer(coins, from, to), &keyed(1)).await.unwrap();
        assert_eq!((moved.first, moved.replayed), (None, replayed));
    }
    assert_eq!(count(log.pool()).await, 1);
}

#[tokio::test]
async fn a_conflict_on_any_stream_is_one_of_all() {
    let (log, _) = log().await;
    let commands = node(&log);
    let appender = commands.store().appender();
    let [here, there, fresh] = new_ids();
    let both = append(&[(here, 0), (there, 0)], "{}", None);
    appender.append(both).await.unwrap();
    let mut only_looked_at = append(&[(fresh, 0), (there, 0)], "{}", None);
    only_looked_at.streams[1].events.clear();
    for conflicting in [
        append(&[(here, 0), (fresh, 0)], "{}", None),
        append(&[(fresh, 0), (there, 0)], "{}", None),
        only_looked_at,
    ] {
        assert_eq!(appender.append(conflicting).await.unwrap(), Appended::Conflict);
    }
    assert_eq!((count(log.pool()).await, log.head().await.unwrap().get()), (2, 2));
}

#[tokio::test]
async fn what_fails_whole_in_a_batch_leaves_its_neighbours_and_no_hole() {
    let (log, _) = log().await;
    let commands = node(&log);
    let appender = commands.store().appender();
    let [taken] = new_ids();
    appender.append(append(&[(taken, 0)], "{}", None)).await.unwrap();
    let of_two = |second, payload| append(&[(Uuid::now_v7(), 0), second], payload, None);
    let appends = (0..12).map(|n| match n {
        3 => of_two((taken, 0), "{}"),
        7 => of_two((Uuid::now_v7(), 0), "no json"),
        n if n % 2 == 0 => append(&[(Uuid::now_v7(), 0)], "{}", None),
        _ => of_two((Uuid::now_v7(), 0), "{}"),
    });
    let outcomes = join_all(appends.map(|append| appender.append(append))).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        match n {
            3 => assert_eq!(*outcome.as_ref().unwrap(), Appended::Conflict),
            7 => assert!(outcome.is_err()),
            _ => assert!(matches!(outcome, Ok(Appended::At { .. })), "{n}: {outcome:?}"),
        }
    }
    // A hole would be an error.
    assert_eq!(log.read(Position::START, 100).await.unwrap().len(), 1 + 6 + 4 * 2);
    assert_eq!(log.head().await.unwrap(), Position::new(15));
}

/// As after a connection that broke between the commit and its answer.
#[tokio::test]
async fn what_was_appended_to_several_streams_is_recognised_when_it_is_sent_again() {
    let (log, _) = log().await;
    let commands = node(&log);
    let appender = commands.store().appender();
    let [looked_at, here, there] = new_ids();
    let mut sent = append(&[(looked_at, 0), (here, 0), (there, 0)], "{}", None);
    sent.idempotency = keyed(1).idempotency;
    sent.streams[0].events.clear();
    let first = appender.append(sent.clone()).await.unwrap();
    let (position, account_position) = (Position::new(1), Some(AccountPosition::new(1)));
    assert_eq!(first, Appended::At { position, account_position });
    // All of the streams have moved on since.
    let further = append(&[(looked_at, 0), (here, 1), (there, 1)], "{}", None);
    appender.append(further).await.unwrap();
    assert_eq!(appender.append(sent).await.unwrap(), first);
    assert_eq!(count(log.pool()).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_of_two_nodes_who_move_between_streams_keep_the_sum() {
    const PURSES: usize = 4;
    const EACH: i64 = 10;
    let (log, _) = log().await;
    let nodes = [node(&log), node(&log)];
    let purses: [Uuid; PURSES] = new_ids();
    for purse in purses {
        fill(&nodes[0], purse, EACH).await;
    }
    // Pairs occur in either order: locking them in the order given would soon deadlock.
    let callers = (0..32_usize).map(|caller| {
        let commands = nodes[caller % 2].clone();
        tokio::spawn(async move {
            for round in 0..6 {
                let from = (caller + round) % PURSES;
                let to = (from + 1 + caller / 4 % (PURSES - 1)) % PURSES;
                let moving = transfer(round as i64, purses[from], purses[to]);
                match commands.execute_together(moving, &context(None)).await {
                    Ok(_) | Err(CommandError::Refused(Refused::Purse(_))) => {}
                    failed => panic!("{failed:?}"),
                }
            }
        })
    });
    for caller in tokio::time::timeout(PATIENCE, join_all(callers)).await.unwrap() {
        caller.unwrap();
    }
    let mut sum = 0;
    for purse in purses {
        let coins = coins(&nodes[0], purse).await;
        assert!(coins >= 0);
        sum += coins;
    }
    assert_eq!(sum, EACH * PURSES as i64);
    let events = log.read(Position::START, 1000).await.unwrap();
    assert!(events.len() > 100, "{} events", events.len());
    for both in events[PURSES..].chunks(2) {
        let commands = both.iter().map(|event| event.metadata_value("command").unwrap());
        assert!(commands.eq(["Take", "Put"]), "side by side");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_name_the_same_streams_in_opposite_order_do_not_wait_for_each_other() {
    let (log, _) = log().await;
    let commands = node(&log);
    let [here, there] = new_ids();
    let callers = [[here, there], [there, here]].map(|[first, second]| {
        let commands = commands.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                let together = Together::<TooFew>::of::<Purse>(first, vec![Command::Put(1)])
                    .and::<Purse>(second, vec![Command::Put(1)]);
                commands.execute_together(together, &context(None)).await.unwrap();
            }
        })
    });
    for caller in tokio::time::timeout(PATIENCE, join_all(callers)).await.unwrap() {
        caller.unwrap();
    }
    assert_eq!((coins(&commands, here).await, coins(&commands, there).await), (200, 200));
}
