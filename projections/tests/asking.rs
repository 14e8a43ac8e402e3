//! What is asked shares the connections, and is not answered for nobody.

use std::time::Duration;

use futures::FutureExt;
use sqlx::PgPool;
use tokio::task::JoinSet;

use super::world::{for_reading, pool};
use crate::Progress;
use crate::readers::Readers;

fn readers(pool: PgPool) -> Readers {
    Readers::new(pool.clone(), Progress::new(pool))
}

async fn sleep(readers: Readers) {
    let _ = sqlx::query("select pg_sleep(60)").execute(&readers).await;
}

async fn wait_until_asleep(pool: &PgPool, statements: i64) {
    loop {
        let asleep: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and state = 'active'
               and query = 'select pg_sleep(60)'",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        if asleep == statements {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_nobody_waits_for_is_ended_and_leaves_its_place_at_once() {
    let pool = pool().await;
    let readers = readers(for_reading(&pool, 1));
    let mut asking = JoinSet::new();
    asking.spawn(sleep(readers.clone()));
    wait_until_asleep(&pool, 1).await;
    asking.shutdown().await;
    let ended = async {
        sqlx::query("select 1").execute(&readers).await.unwrap();
        wait_until_asleep(&pool, 0).await;
    };
    // Well before a statement is ended for its length.
    tokio::time::timeout(Duration::from_secs(3), ended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_connection_gets_the_next_that_is_ready() {
    let readers = readers(for_reading(&pool().await, 2));
    let asking = (0..50).map(|_| sqlx::query("select pg_sleep(0.01)").execute(&readers));
    let answered = futures::future::try_join_all(asking);
    tokio::time::timeout(Duration::from_secs(5), answered).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_no_more_than_half_of_the_connections() {
    let pool = pool().await;
    let readers = readers(for_reading(&pool, 4));
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        asking.spawn(sleep(readers.of_account(1)));
    }
    wait_until_asleep(&pool, 2).await;
    let other = readers.of_account(2);
    for _ in 0..4 {
        sqlx::query("select 1").execute(&other).await.unwrap();
    }
    wait_until_asleep(&pool, 2).await;

    let waiting = readers.of_account(1);
    assert!(sqlx::query("select 1").execute(&waiting).now_or_never().is_none());
    asking.shutdown().await;
    sqlx::query("select 1").execute(&waiting).await.unwrap();
}
