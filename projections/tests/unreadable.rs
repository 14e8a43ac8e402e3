//! An event that cannot be read stops all read models, until an operator has quarantined it.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{ConversationId, Position};
use embedded::testing::wait_until;
use event_store::Quarantine;
use sqlx::Executor;

use super::World;
use super::node::Node;
use super::random::random_history;
use super::replay::{TINY, replay, verify};
use super::stopped::stopped_model;
use crate::replay::Step;
use crate::views::UnreadCounts;
use crate::{Error, MODELS};

/// Appends an event of an unknown type, to a stream of its own.
async fn append_from_the_future(world: &World) {
    append_from_the_future_to(world, None).await;
}

/// The same, to a conversation if one is given.
async fn append_from_the_future_to(world: &World, conversation: Option<ConversationId>) {
    sqlx::query(
        "select * from append_events(null, array[1::bigint], array[1], array[''],
             array[null]::text[], array[null]::bytea[], array[1], array['conversation'],
             array[coalesce($1, gen_random_uuid())::text],
             array[(select coalesce(max(sequence), 0) from events where aggregate_id = $1::text)],
             array[null]::bytea[], array[1],
             array[gen_random_uuid()], array['FromTheFuture'], array['1'],
             array['{\"type\":\"FromTheFuture\"}'], array['{}'], array[$1]::uuid[],
             array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
    )
    .bind(conversation)
    .execute(world.pool())
    .await
    .unwrap();
}

async fn quarantine(world: &World, position: Position) {
    let done = event_store::quarantine(&world.log, position, "root", "a test").await.unwrap();
    assert_eq!(done, Quarantine::Done);
}

async fn assert_all_are_stopped(node: &Node, world: &World) {
    let all = || async { node.views.progress().stopped().len() == MODELS.len() };
    wait_until("all are stopped", all).await;
    for (name, reason) in node.views.progress().stopped() {
        assert!(reason.contains("position 2"), "{name}: {reason}");
    }
    for (name, position) in world.checkpoints().await {
        assert_eq!(position, Position::new(1), "{name} does not skip it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_stops_all_read_models_loudly() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    append_from_the_future(&world).await;
    let node = Node::start(&world.log, MODELS);
    assert_all_are_stopped(&node, &world).await;
    stopped_model(node.views.unread_counts(ann).await);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_pass_over_an_unreadable_event_once_it_is_quarantined() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    append_from_the_future(&world).await;
    let node = Node::start(&world.log, MODELS);
    let standby = Node::start_beside(&world, MODELS).await;
    assert_all_are_stopped(&node, &world).await;
    assert_all_are_stopped(&standby, &world).await;
    world.room(&[ann]).await;
    for (position, expected) in [
        (1, Quarantine::Readable),
        (9, Quarantine::Missing),
        (2, Quarantine::Done),
        (2, Quarantine::DoneBefore),
    ] {
        let done =
            event_store::quarantine(&world.log, Position::new(position), "root", "a test").await;
        assert_eq!(done.unwrap(), expected, "position {position}");
    }
    for node in [node, standby] {
        node.wait_for(3).await;
        assert_eq!(node.views.progress().stopped(), []);
        assert_eq!(node.views.unread_counts(ann).await.unwrap(), UnreadCounts::default());
        node.stop().await;
    }
    // The same when they are rebuilt.
    sqlx::query("update checkpoints set schema_oid = 0").execute(world.pool()).await.unwrap();
    let node = Node::start(&world.log, MODELS);
    node.wait_for(3).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_for_good() {
    let world = World::new().await;
    append_from_the_future(&world).await;
    quarantine(&world, Position::new(1)).await;
    for change in ["update quarantined_events set reason = 'x'", "delete from quarantined_events"] {
        let error = world.pool().execute(change).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_by_knows_when_all_are_stopped() {
    let mut world = World::new().await;
    world.register("ann").await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(1).await;
    let standby = Node::start_beside(&world, MODELS).await;
    standby.wait_for(1).await;
    append_from_the_future(&world).await;
    assert_all_are_stopped(&node, &world).await;
    assert_all_are_stopped(&standby, &world).await;
    standby.stop().await;
    node.stop().await;
}

fn is_refused_at(rebuilt: &Result<Position, Error>, expected: Position) -> bool {
    matches!(rebuilt, Err(Error::Refused { position, source })
             if *position == expected && matches!(**source, Error::Undecodable(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_stops_at_an_unreadable_event_and_goes_on_there_once_it_is_quarantined() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let (room, other) = (world.room(&[ann]).await, world.room(&[ann]).await);
    world.say(room, ann, "before").await;
    append_from_the_future_to(&world, Some(room)).await;
    let unreadable = world.log.head().await.unwrap();
    world.say(other, ann, "after").await;
    let head = world.log.head().await.unwrap();
    for _ in 0..2 {
        let refused = replay(&world, TINY).rebuild(&[], false, &mut |_| {}).await;
        assert!(is_refused_at(&refused, unreadable), "{refused:?}");
    }
    quarantine(&world, unreadable).await;
    let mut first = None;
    let mut report = |step| {
        if let Step::Filled { at, .. } = step {
            first.get_or_insert(at);
        }
    };
    let rebuilt = replay(&world, TINY).rebuild(&[], false, &mut report).await;
    assert_eq!((rebuilt.unwrap(), first.unwrap()), (head, unreadable - 1));
    assert_eq!(verify(&world).await.1, []);

    let views = world.project().await;
    for room in [room, other] {
        assert_eq!(views.messages(room, false, 25, 0).await.unwrap().total, Some(1));
    }
    let planted = "update messages set text = 'planted' where text = 'before'";
    sqlx::query(planted).execute(world.pool()).await.unwrap();
    assert_eq!(verify(&world).await.1.len(), 1);
    assert_eq!(replay(&world, TINY).refold(room).await.unwrap(), head);
    assert_eq!(verify(&world).await.1, []);
    replay(&world, TINY).rebuild(&[], true, &mut |_| {}).await.unwrap();
    assert_eq!(verify(&world).await.1, []);
}

/// The event is appended and quarantined while a server runs and read models are rebuilt beside
/// what it shows.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_quarantined_during_a_rebuild_is_passed_over_by_both() {
    let mut world = random_history(68, 1000).await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(world.log.head().await.unwrap()).await;
    let beside = replay(&world, TINY);
    let is_done = AtomicBool::new(false);
    let unreadable = world.log.head().await.unwrap().next();
    let rebuilding = async {
        let mut built = 0;
        while !is_done.load(Ordering::Relaxed) || built == 0 {
            match beside.rebuild(&[], false, &mut |_| {}).await {
                Ok(position) => built += i32::from(position >= unreadable),
                refused => assert!(is_refused_at(&refused, unreadable), "{refused:?}"),
            }
        }
    };
    let happening = async {
        append_from_the_future(&world).await;
        let all = || async { node.views.progress().stopped().len() == MODELS.len() };
        wait_until("all are stopped", all).await;
        let refused = beside.verify(&[], None, &mut |_| {}, &mut |_| {}).await;
        assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
        quarantine(&world, unreadable).await;
        node.wait_for(unreadable).await;
        is_done.store(true, Ordering::Relaxed);
    };
    tokio::join!(rebuilding, happening);
    world.register("zoe").await;
    node.wait_for(world.log.head().await.unwrap()).await;
    assert_eq!(verify(&world).await.1, []);
    node.stop().await;
}
