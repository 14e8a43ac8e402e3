//! An event that cannot be read stops all read models, until an operator has quarantined it.

use domain::Position;
use embedded::testing::wait_until;
use event_store::Quarantine;
use sqlx::Executor;

use super::World;
use super::stopped::stopped_model;
use super::world::Node;
use crate::MODELS;
use crate::views::UnreadCounts;

/// An event of a type that nobody knows, of a stream of its own.
async fn append_from_the_future(world: &World) {
    sqlx::query(
        "select * from append_events(null, array[1::bigint], array[1], array[''],
             array[null]::text[], array[null]::bytea[], array[1], array['conversation'],
             array[gen_random_uuid()::text], array[0::bigint], array[null]::bytea[], array[1],
             array[gen_random_uuid()], array['FromTheFuture'], array['1'],
             array['{\"type\":\"FromTheFuture\"}'], array['{}'], array[null]::uuid[],
             array[null]::bytea[], array[null]::uuid[], array[null]::text[])",
    )
    .execute(world.pool())
    .await
    .unwrap();
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
    // And when they are built anew.
    sqlx::query("update checkpoints set schema_oid = 0").execute(world.pool()).await.unwrap();
    let node = Node::start(&world.log, MODELS);
    node.wait_for(3).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_for_good() {
    let world = World::new().await;
    append_from_the_future(&world).await;
    event_store::quarantine(&world.log, Position::new(1), "root", "a test").await.unwrap();
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
