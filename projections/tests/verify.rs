//! Read models compared with the log, built as of an earlier position, and repaired for a single
//! conversation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::conversation::{self, Command::DeleteMessage};
use embedded::testing::wait_until;

use super::batches::rows_after;
use super::node::Node;
use super::random::{History, random_history};
use super::remembering::answers;
use super::replay::{TINY, replay, verify};
use super::world::{World, post};
use crate::{Error, MODELS, memberships};

#[tokio::test(flavor = "multi_thread")]
async fn verifying_under_load_finds_nothing() {
    let mut history = History::begin(62).await;
    let node = Node::start(&history.world.log, MODELS);
    history.go_on_for(20).await;
    node.wait_for(history.world.log.head().await.unwrap()).await;
    let replay = replay(&history.world, TINY);
    let done = AtomicBool::new(false);
    let verifying = async {
        for _ in 0..3 {
            let mut found = |difference| panic!("{difference:?}");
            replay.verify(&[], None, &mut |_| {}, &mut found).await.unwrap();
        }
        done.store(true, Ordering::Relaxed);
    };
    let going_on = async {
        while !done.load(Ordering::Relaxed) {
            history.go_on().await;
        }
    };
    tokio::join!(verifying, going_on);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_shows_the_rows_as_they_were_at_a_position() {
    let world = random_history(66, 200).await;
    world.project().await;
    let events = world.events().await;
    let replay = replay(&world, TINY);
    replay.what_if(memberships::NAME, 80.into(), "then", &mut |_| {}).await.unwrap();
    let then = rows_after(MODELS, [&events[..80]]).await;
    for (table, rows) in then {
        if !["members", "memberships", "conversations", "messages"].contains(&table.as_str()) {
            continue;
        }
        let built: Option<String> = sqlx::query_scalar(&format!(
            "select string_agg(t::text, e'\\n' order by t::text) from \"then\".{table} t"
        ))
        .fetch_one(world.pool())
        .await
        .unwrap();
        assert_eq!(built.unwrap_or_default(), rows, "{table}");
    }
    let again = replay.what_if(memberships::NAME, 80.into(), "then", &mut |_| {}).await;
    assert!(matches!(again, Err(Error::SchemaExists(_))), "{again:?}");
    let mut stop = |_| replay.stop();
    let stopped = replay.what_if(memberships::NAME, 80.into(), "now", &mut stop).await;
    assert!(matches!(stopped, Err(Error::ShuttingDown)), "{stopped:?}");
    let is_there = "select to_regnamespace('now') is not null";
    let is_there: bool = sqlx::query_scalar(is_there).fetch_one(world.pool()).await.unwrap();
    assert!(!is_there, "it is there as a whole or not at all");
    let left = tokio::time::timeout(Duration::from_secs(5), verify(&world)).await.unwrap();
    assert_eq!(left.1, [], "what is shown is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_folded_anew_and_a_sample_finds_what_differs_in_it() {
    let mut history = History::begin(67).await;
    history.go_on_for(150).await;
    let world = &history.world;
    let head = world.log.head().await.unwrap();
    let (node, standby) = Node::two(world).await;
    let before = answers(&node.views, &history.users, &history.rooms).await;
    let (damaged, other) = (history.rooms[0], history.rooms[3]);
    for statement in [
        "update conversations set name = 'planted', member_count = 7 where uuid = $1",
        "delete from messages where conversation = $1",
        "update memberships set starred = not starred, rank = 1 where conversation = $1",
    ] {
        sqlx::query(statement).bind(damaged).execute(world.pool()).await.unwrap();
    }
    let sample = async |count| {
        let mut found = Vec::new();
        let mut keep = |difference| found.push(difference);
        let verified = replay(world, TINY).verify(&[], Some(count), &mut |_| {}, &mut keep).await;
        (verified.unwrap(), found)
    };
    assert!(sample(100).await.1.len() >= 3, "all conversations are in the sample");
    let one = sample(1).await.0;
    assert!(one.rows < sample(100).await.0.rows, "{one:?}");

    assert_eq!(replay(world, TINY).refold(other).await.unwrap(), head);
    assert!(sample(100).await.1.len() >= 3, "another one is not touched");
    assert_eq!(replay(world, TINY).refold(damaged).await.unwrap(), head);
    assert_eq!(verify(world).await.1, []);
    for node in [&node, &standby] {
        wait_until("the node has noticed", || async {
            answers(&node.views, &history.users, &history.rooms).await == before
        })
        .await;
    }
    standby.stop().await;
    node.stop().await;
}

/// The key of an erased message is deleted at once, and its row only once the read models follow:
/// that is no difference.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_since_the_rows_were_written_is_no_difference() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    let command = post(ann, "soon gone");
    let conversation::Command::PostMessage { message, .. } = command else { unreachable!() };
    assert!(world.tell(room, command).await);
    world.say(room, ann, "stays").await;
    world.project().await;
    assert!(world.tell(room, DeleteMessage { message }).await);
    let (verified, differences) = verify(&world).await;
    assert_eq!((verified.position, differences), (4.into(), vec![]));
    let planted = "update messages set text = 'planted' where text = 'stays'";
    sqlx::query(planted).execute(world.pool()).await.unwrap();
    assert_eq!(verify(&world).await.1.len(), 1, "the other one is looked at");
}
