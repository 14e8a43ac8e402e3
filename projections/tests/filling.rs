//! Filling over two connections, when what one of them writes is refused.

use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::random::random_history;
use super::replay::{TINY, verify};
use super::world::World;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::model::Copied;
use crate::replay::Replay;
use crate::{Error, Generation, MEMORY_MAX, MODELS, Model, memberships, messages};

static WERE_TAKEN: AtomicBool = AtomicBool::new(false);

/// Adds a row that PostgreSQL refuses.
fn spoiled(changes: &mut Changes<'_>) -> Rows {
    let mut rows = (messages::MODEL.copied.unwrap().take)(changes);
    rows.value("no number").end();
    WERE_TAKEN.store(true, Ordering::Relaxed);
    rows
}

fn replay(world: &World, models: &[Model], memory_max: usize) -> Replay {
    Replay::of(Generation::of(models), world.log.clone(), Uuid::new_v4(), memory_max)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_rows_cannot_be_copied_is_applied() {
    let world = random_history(71, 600).await;
    world.project().await;
    let mut models: Vec<Model> = MODELS.to_vec();
    let model = models.iter_mut().find(|model| model.name == messages::NAME).unwrap();
    model.copied = model.copied.map(|copied| Copied { take: spoiled, ..copied });
    let replay = replay(&world, &models, MEMORY_MAX);
    replay.rebuild(&[], false, &mut |_| {}).await.unwrap();
    assert!(WERE_TAKEN.load(Ordering::Relaxed));
    assert_eq!(verify(&world).await.1, []);
}

fn refused(changes: &Changes<'_>) -> Option<String> {
    (memberships::MODEL.changes)(changes).map(|_| "no JSON".to_owned())
}

/// The first connection has to wait for room until the second one has written.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_connection_that_follows_cannot_write_ends_the_other_one_too() {
    let world = random_history(72, 600).await;
    let mut models: Vec<Model> = MODELS.to_vec();
    models.iter_mut().find(|model| model.name == memberships::NAME).unwrap().changes = refused;
    let rebuilt = replay(&world, &models, TINY).rebuild(&[], false, &mut |_| {}).await;
    assert!(matches!(rebuilt, Err(Error::Refused { .. })), "{rebuilt:?}");
}
