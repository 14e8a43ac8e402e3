//! Rooms whose activity is joined when a member lists, instead of being written to each member's
//! row: with a threshold so low that most rooms of a random history pass it, and some pass it on
//! the way.

use std::sync::LazyLock;

use super::batches::{assert_same, rows_after};
use super::lists::{assert_entries_and_reads_are_folded, assert_lists_are_folded};
use super::random::random_history;
use crate::{MODELS, Model, conversations};

/// All models, to which a room of four is a large one.
static MODELS_OF_LARGE_ROOMS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let mut models = MODELS.to_vec();
    let model = models.iter_mut().find(|model| model.name == conversations::NAME).unwrap();
    let schema = model.schema.replace("large constant int := 100", "large constant int := 3");
    assert_ne!(schema, model.schema);
    model.schema = schema.leak();
    models
});

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_large_rooms_equal_a_fold_of_the_log() {
    for seed in [21, 22] {
        let world = random_history(seed, 300).await;
        let views = world.project_with(&MODELS_OF_LARGE_ROOMS).await;
        assert_lists_are_folded(&world, &views, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_and_times_of_reading_in_large_rooms_equal_a_fold_of_the_log() {
    for seed in [23, 24] {
        let world = random_history(seed, 400).await;
        let views = world.project_with(&MODELS_OF_LARGE_ROOMS).await;
        assert_entries_and_reads_are_folded(&world, &views, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_room_becomes_a_large_one_does_not_depend_on_the_batches() {
    let events = random_history(25, 300).await.events().await;
    let at_once = rows_after(&MODELS_OF_LARGE_ROOMS, [&events[..]]).await;
    for size in [1, 7] {
        assert_same(&rows_after(&MODELS_OF_LARGE_ROOMS, events.chunks(size)).await, &at_once);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_a_batch_of_large_rooms_twice_changes_nothing() {
    let events = random_history(26, 200).await.events().await;
    let once = rows_after(&MODELS_OF_LARGE_ROOMS, events.chunks(20)).await;
    let twice = events.chunks(20).flat_map(|batch| [batch, batch]);
    assert_same(&rows_after(&MODELS_OF_LARGE_ROOMS, twice).await, &once);
}
