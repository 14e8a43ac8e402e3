//! Rows that filling copies.

use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use super::random::random_history;
use super::replay::verify;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::model::Copied;
use crate::replay::Replay;
use crate::{Generation, MEMORY_MAX, MODELS, Model, messages};

static WERE_TAKEN: AtomicBool = AtomicBool::new(false);

/// With a row that PostgreSQL refuses.
fn spoiled(changes: &mut Changes<'_>) -> Rows {
    let mut rows = (messages::MODEL.copied.unwrap().take)(changes);
    rows.value("no number").end();
    WERE_TAKEN.store(true, Ordering::Relaxed);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_rows_cannot_be_copied_is_applied() {
    let world = random_history(71, 600).await;
    world.project().await;
    let mut models: Vec<Model> = MODELS.to_vec();
    let model = models.iter_mut().find(|model| model.name == messages::NAME).unwrap();
    model.copied = model.copied.map(|copied| Copied { take: spoiled, ..copied });
    let generation = Generation::of(&models);
    let replay = Replay::of(generation, world.log.clone(), Uuid::new_v4(), MEMORY_MAX);
    replay.rebuild(&[], false, &mut |_| {}).await.unwrap();
    assert!(WERE_TAKEN.load(Ordering::Relaxed));
    assert_eq!(verify(&world).await.1, []);
}
