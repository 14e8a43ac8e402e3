//! Database errors do not stop the projector.

use embedded::testing::wait_until;
use sqlx::Executor;

use super::World;
use super::node::Node;
use crate::MODELS;

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_loses_its_connection_goes_on_with_another() {
    let mut world = World::new().await;
    world.register("ann").await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(1).await;
    for n in 2..5 {
        let ended: i64 = sqlx::query_scalar(
            "select count(pg_terminate_backend(pid))
             from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()
               and (query like '%advance_checkpoints(%' or query like '%from checkpoints%')",
        )
        .fetch_one(world.pool())
        .await
        .unwrap();
        assert!(ended > 0, "there was a connection to lose");
        world.register(&format!("user {n}")).await;
        node.wait_for(n).await;
        assert_eq!(node.views.progress().stopped(), []);
    }
    node.stop().await;
}

/// A lock on the tables is held for so long that the projector gives up, again and again.
async fn assert_a_lock_stops_nobody(timeout: (&str, &str)) {
    let mut world = World::with_settings(&[timeout]).await;
    let ann = world.register("ann").await;
    let room = world.room(&[ann]).await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(2).await;
    let mut blocker = world.pool().begin().await.unwrap();
    blocker.execute("lock table memberships in exclusive mode").await.unwrap();
    world.say(room, ann, "hi").await;
    let terms = world.terms().await;
    wait_until("it was tried again", || async { world.terms().await >= terms + 2 }).await;
    assert_eq!(node.views.progress().stopped(), []);
    blocker.commit().await.unwrap();
    node.wait_for(3).await;
    assert_eq!(node.views.progress().stopped(), []);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_takes_too_long_to_get_stops_nobody() {
    assert_a_lock_stops_nobody(("lock_timeout", "100ms")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_stops_nobody() {
    assert_a_lock_stops_nobody(("statement_timeout", "2s")).await;
}
