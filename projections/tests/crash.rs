//! Read models are committed without waiting for the disk: a crash of PostgreSQL takes back the
//! newest commits, rows and checkpoints together. They are replayed from the log, without waiting
//! for a further event.

use std::time::{Duration, Instant};

use embedded::testing::wait_until;
use sqlx::{Executor, PgPool};

use super::node::Node;
use super::random::History;
use super::remembering::{answers, assert_same};
use crate::{Generation, MODELS, conversations, memberships};

/// A copy of the tables and checkpoints of some models.
struct Snapshot(Vec<&'static str>);

impl Snapshot {
    fn schemas(&self) -> Vec<String> {
        self.0.iter().map(|model| Generation::live().schema(model)).collect()
    }

    /// Each table with its name in the snapshot and its columns that are not generated.
    async fn tables(&self, pool: &PgPool) -> Vec<(String, String, String)> {
        sqlx::query_as(
            "select format('%I.%I', table_schema, table_name),
                    format('%s_%s', table_schema, table_name),
                    string_agg(quote_ident(column_name), ', ' order by ordinal_position)
             from information_schema.columns
             where table_schema = any($1) and is_generated = 'NEVER'
             group by table_schema, table_name",
        )
        .bind(self.schemas())
        .fetch_all(pool)
        .await
        .unwrap()
    }

    async fn take(pool: &PgPool, models: Vec<&'static str>) -> Self {
        let snapshot = Self(models);
        let checkpoints = "create table snapshot.checkpoints as table checkpoints";
        let mut statements = vec!["create schema snapshot".to_owned(), checkpoints.to_owned()];
        for (table, name, _) in snapshot.tables(pool).await {
            statements.push(format!("create table snapshot.{name} as table {table}"));
        }
        pool.execute(statements.join(";").as_str()).await.unwrap();
        snapshot
    }

    /// Restores the snapshot and ends all connections, as a crash does.
    async fn crash(&self, pool: &PgPool) {
        self.restore(pool).await;
        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .execute(pool)
        .await
        .unwrap();
    }

    async fn restore(&self, pool: &PgPool) {
        let mut tx = pool.begin().await.unwrap();
        // Triggers do not count: the counts are restored as well.
        tx.execute("set local session_replication_role = replica").await.unwrap();
        for (table, name, columns) in self.tables(pool).await {
            let restore = format!(
                "delete from {table};
                 insert into {table} ({columns}) select {columns} from snapshot.{name}"
            );
            tx.execute(restore.as_str()).await.unwrap();
        }
        sqlx::query(
            "update checkpoints c
             set position = s.position
             from snapshot.checkpoints s
             where c.name = s.name and c.name = any($1)",
        )
        .bind(self.schemas())
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
}

/// Sets the models back while the projector has nothing to do, and waits until everything is shown
/// again.
async fn assert_shown_again(seed: u64, models: Vec<&'static str>) {
    let mut history = History::begin(seed).await;
    let node = Node::start(&history.world.log, MODELS);
    history.go_on_for(60).await;
    node.wait_for(history.world.log.head().await.unwrap().get()).await;
    let snapshot = Snapshot::take(history.world.pool(), models).await;
    history.go_on_for(60).await;
    let world = &history.world;
    let head = world.log.head().await.unwrap();
    node.wait_for(head.get()).await;
    let standby = Node::start_beside(world, MODELS).await;
    standby.wait_for(head.get()).await;
    let before = answers(&node.views, &history.users, &history.rooms).await;
    let terms = world.terms().await;

    let set_back = Instant::now();
    snapshot.restore(world.pool()).await;
    let caught_up = || async {
        world.terms().await > terms && world.checkpoints().await.values().all(|at| *at == head)
    };
    wait_until("the log fills the rest", caught_up).await;
    assert!(set_back.elapsed() < Duration::from_secs(10), "{:?}", set_back.elapsed());
    for node in [&node, &standby] {
        node.wait_for(head.get()).await;
        let after = answers(&node.views, &history.users, &history.rooms).await;
        assert_same(&after, &before, &format!("seed {seed}"));
    }
    standby.stop().await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_took_back_is_shown_again_without_a_further_event() {
    assert_shown_again(41, MODELS.iter().map(|model| model.name).collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_model_that_was_set_back_catches_up_with_the_others() {
    assert_shown_again(42, vec![memberships::NAME]).await;
}

/// They are filled in large batches before anything else.
#[tokio::test(flavor = "multi_thread")]
async fn models_that_follow_the_others_and_were_set_back_catch_up_with_them() {
    assert_shown_again(44, vec![conversations::NAME, memberships::NAME]).await;
}

/// Rows that a crash has set back may not contradict earlier answers, not even for a moment.
#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_older_than_one_before_the_crash() {
    let mut history = History::begin(43).await;
    let node = Node::start(&history.world.log, MODELS);
    let ann = history.users[0];
    let room = history.world.room(&[ann]).await;
    node.wait_for(history.world.log.head().await.unwrap().get()).await;
    let models = MODELS.iter().map(|model| model.name).collect();
    let snapshot = Snapshot::take(history.world.pool(), models).await;
    for n in 0..60 {
        history.world.say(room, ann, &n.to_string()).await;
    }
    let world = &history.world;
    let head = world.log.head().await.unwrap();
    node.wait_for(head.get()).await;
    let newest = node.views.messages(room, true, 50, 0).await.unwrap();

    snapshot.crash(world.pool()).await;
    let mut asked = 0;
    let mended = || async { world.checkpoints().await.values().all(|at| *at == head) };
    while !mended().await {
        asked += 1;
        // The query may be refused.
        if let Ok(answer) = node.views.messages(room, true, 50, 0).await {
            assert_eq!(format!("{answer:?}"), format!("{newest:?}"));
        }
    }
    assert!(asked > 0, "the rows were never older: nothing was tried");
    wait_until("it answers again", || async {
        node.views.messages(room, true, 50, 0).await.is_ok()
    })
    .await;
    node.stop().await;
}
