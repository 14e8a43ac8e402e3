//! Nodes of two versions of the read models on one database.

use std::time::Duration;

use embedded::testing::wait_until;
use event_store::Log;
use sqlx::Executor;

use super::node::Node;
use super::random::History;
use super::remembering::{answers, assert_same};
use super::world::World;
use crate::{Generation, MODELS, Model, VERSION, messages};

/// The next version: messages have one more column.
fn next_version() -> Generation {
    let mut models: Vec<Model> = MODELS.to_vec();
    let model = models.iter_mut().find(|model| model.name == messages::NAME).unwrap();
    let wider = "modified_at  timestamptz,
                 shouted      text generated always as (upper(text)) stored,";
    let schema = model.schema.replace("modified_at  timestamptz,", wider);
    assert_ne!(schema, model.schema);
    model.schema = schema.leak();
    Generation { version: VERSION + 1, ..Generation::of(&models) }
}

async fn shouted(world: &World) -> Option<i64> {
    let count = format!("select count(shouted) from messages_{}.messages", VERSION + 1);
    sqlx::query_scalar(&count).fetch_one(world.pool()).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_upgrade_and_a_roll_back_under_load_serve_both_versions() {
    let mut history = History::begin(71).await;
    history.go_on_for(60).await;
    let kept_for = Duration::ZERO;
    let earlier = Generation { kept_for, ..Generation::live() };
    let later = Generation { kept_for, ..next_version() };
    let (one, two) = (
        Node::start(&history.world.log, earlier.clone()),
        Node::start_beside(&history.world, earlier.clone()).await,
    );
    for node in [&one, &two] {
        node.wait_for(history.world.log.head().await.unwrap()).await;
    }

    // Nodes are replaced one after the other while the log goes on, and each version is complete as
    // long as it has a node.
    let log = Log::new(history.world.another_pool().await, history.world.log.keys().clone());
    let replaced = async {
        two.stop().await;
        Node::start(&log, later.clone())
    };
    let ((), two) = tokio::join!(history.go_on_for(80), replaced);
    let head = history.world.log.head().await.unwrap();
    one.wait_for(head).await;
    two.wait_for(head).await;
    let before = answers(&one.views, &history.users, &history.rooms).await;
    let after = answers(&two.views, &history.users, &history.rooms).await;
    assert_same(&after, &before, "both versions");
    assert!(shouted(&history.world).await.unwrap() > 0, "the later one is another one");

    one.stop().await;
    let gone = || async { !is_there(&history.world, &earlier).await };
    wait_until("the earlier rows are dropped with their last node", gone).await;

    // Roll back.
    let log = Log::new(history.world.another_pool().await, history.world.log.keys().clone());
    let back = async { Node::start(&log, earlier.clone()) };
    let ((), one) = tokio::join!(history.go_on_for(80), back);
    let head = history.world.log.head().await.unwrap();
    one.wait_for(head).await;
    two.wait_for(head).await;
    let before = answers(&one.views, &history.users, &history.rooms).await;
    let after = answers(&two.views, &history.users, &history.rooms).await;
    assert_same(&after, &before, "both versions, back again");
    two.stop().await;
    let gone = || async { !is_there(&history.world, &later).await };
    wait_until("the later rows are dropped with their last node", gone).await;
    assert!(is_there(&history.world, &earlier).await);
    one.stop().await;
}

async fn is_there(world: &World, generation: &Generation) -> bool {
    sqlx::query_scalar("select exists (select from pg_namespace where nspname = any($1))")
        .bind(generation.schemas())
        .fetch_one(world.pool())
        .await
        .unwrap()
}

/// A node that starts on a long log fills its rows in large batches, and creates the indexes that
/// queries need.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_far_behind_are_filled_in_large_steps() {
    let mut history = History::begin(72).await;
    history.go_on_for(200).await;
    let world = &history.world;
    let generation = Generation { far_behind: 50, ..Generation::live() };
    let node = Node::start(&world.log, generation);
    node.wait_for(world.log.head().await.unwrap()).await;
    let views = node.views.clone();
    node.stop().await;
    let again = world.project().await;
    assert_same(
        &answers(&views, &history.users, &history.rooms).await,
        &answers(&again, &history.users, &history.rooms).await,
        "in large steps",
    );
    let indexes: i64 =
        sqlx::query_scalar("select count(*) from pg_indexes where schemaname = any($1)")
            .bind(Generation::live().schemas())
            .fetch_one(world.pool())
            .await
            .unwrap();
    let mut connection = super::world::pool().await.acquire().await.unwrap();
    connection.execute("create schema rows; set search_path = rows, public").await.unwrap();
    for model in MODELS {
        connection.execute(model.schema).await.unwrap();
        connection.execute(model.indexes).await.unwrap();
    }
    let all = "select count(*) from pg_indexes where schemaname = 'rows'";
    let all: i64 = sqlx::query_scalar(all).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(indexes, all);
}
