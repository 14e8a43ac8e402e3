use domain::AccountId;
use sqlx::Executor;
use uuid::Uuid;

use super::{Node, World};
use crate::MODELS;
use crate::views::{UnreadCounts, Viewer};

#[tokio::test(flavor = "multi_thread")]
async fn one_node_of_two_projects_and_the_other_takes_over() {
    let mut world = World::new().await;
    world.register("ann").await;
    let first = Node::start(&world.log, MODELS);
    first.wait_for(1).await;
    let second = Node::start_beside(&world, MODELS).await;
    world.register("bob").await;
    second.wait_for(2).await;
    let owners: Vec<Uuid> = sqlx::query_scalar(
        "select owner from leases where name like 'projector%' and owner is not null",
    )
    .fetch_all(world.pool())
    .await
    .unwrap();
    assert_eq!(owners.len(), 1, "the second only watches");

    first.stop().await;
    world.register("cyd").await;
    second.wait_for(3).await;
    second.stop().await;
}

/// Nothing else on the node looks at the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_by_goes_on_with_every_event() {
    let mut world = World::new().await;
    world.register("ann").await;
    let projecting = Node::start(&world.log, MODELS);
    projecting.wait_for(1).await;
    let standby = Node::start_beside(&world, MODELS).await;
    for position in 2..5 {
        world.register(&format!("user {position}")).await;
        standby.wait_for(position).await;
    }
    standby.stop().await;
    projecting.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_built_here_is_built_anew() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let bob = world.register("bob").await;
    let room = world.room(&[ann, bob]).await;
    world.project().await;
    world
        .pool()
        .execute(
            "update checkpoints set schema_oid = 0 where name like 'conversations%';
             delete from members; delete from conversations",
        )
        .await
        .unwrap();
    let views = world.project().await;
    let view = views.view(AccountId::FIRST, Viewer::User(ann), room, false).await.unwrap();
    assert_eq!(view.unwrap().members().len(), 2);
}

/// A restore of the log alone brings checkpoints without rows, and perhaps a lease that has not
/// expired yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_without_its_schema_is_trusted_by_no_node() {
    let mut world = World::new().await;
    let ann = world.register("ann").await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(1).await;
    node.stop().await;
    for statement in [
        "drop schema memberships_4 cascade",
        "update leases set owner = gen_random_uuid(),
                           expires_at = clock_timestamp() + interval '1 second'",
    ] {
        world.pool().execute(statement).await.unwrap();
    }
    let node = Node::start(&world.log, MODELS);
    node.wait_for(1).await;
    assert_eq!(node.views.unread_counts(ann).await.unwrap(), UnreadCounts::default());
    node.stop().await;
}
