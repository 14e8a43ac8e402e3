use domain::user::Command;
use domain::{AccountId, UserId};
use tokio_util::sync::CancellationToken;

use super::{Node, World};
use crate::{KNOWN_WITHIN, MODELS, Memory, Revocations};

const ISSUED_AT: f64 = 1_750_000_000.5;

fn revoke(milliseconds: i64) -> Command {
    let issued_until = chrono::DateTime::from_timestamp_millis(milliseconds).unwrap();
    Command::RevokeTokens { issued_until }
}

fn concerned(known: &Revocations, users: [UserId; 3]) -> [bool; 3] {
    users.map(|user| known.concern(user, Some(ISSUED_AT)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_knows_what_was_revoked_before_its_start_and_on_another_node_since() {
    let mut world = World::new().await;
    let users =
        [world.register("ann").await, world.register("bob").await, world.register("cyd").await];
    world.register_as("ann", revoke(1_750_000_000_500)).await;
    world.register_as("bob", revoke(1_750_000_000_499)).await;
    let node = Node::start(&world.log, MODELS);
    node.wait_for(5).await;

    // Nothing tells this node's log of appends.
    let pool = world.another_pool().await;
    let log = event_store::Log::new(pool.clone(), world.log.keys().clone());
    let memory = Memory::start(&super::world::for_reading(&pool, 2));
    let stop = CancellationToken::new();
    let projecting = crate::start(&log, &memory, uuid::Uuid::new_v4(), &stop);
    let known = Revocations::default();
    let following = tokio::spawn(known.clone().follow(log, memory, stop.clone()));
    known.wait_until_fresh().await;
    assert_eq!(concerned(&known, users), [true, false, false]);
    assert!(known.concern(users[1], None), "of a token without a time nobody knows");
    assert!(!known.concern(users[2], None));

    world.register_as("cyd", revoke(1_750_000_001_000)).await;
    world.register_as("bob", revoke(1_750_000_000_400)).await;
    tokio::time::sleep(KNOWN_WITHIN).await;
    known.wait_until_fresh().await;
    assert_eq!(concerned(&known, users), [true, false, true]);
    assert_eq!(known.until(domain::user_id(AccountId::FIRST, "dan")), None);

    stop.cancel();
    following.await.unwrap();
    projecting.join_all().await;
    node.stop().await;
}
