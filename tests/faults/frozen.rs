//! A node that freezes, or is cut off, in the middle of a transaction: its locks are released after
//! a timeout, and another node goes on.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Executor, PgPool};

use crate::harness::{Installation, wait_until};

/// How long a lease lasts, and how long a transaction may pause.
const LEASE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_secs(5);
/// For the other node to start, on a busy machine.
const START: Duration = Duration::from_secs(4);

/// Statements that wait for a lock in the middle of a transaction.
async fn blocked_transactions(pool: &PgPool) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'
           and xact_start < query_start",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_node_with_the_lease_and_a_lock_keeps_nobody_waiting_for_longer_than_both_last() {
    let installation = Installation::new().await;
    let frozen = installation.start();
    let there = frozen.caller("ann");
    there.arrive().await;

    // It takes the projector's lease again, and blocks in the transaction that it then begins.
    let pool = installation.pool().await;
    let mut blocker = pool.begin().await.unwrap();
    blocker.execute("lock table checkpoints in access exclusive mode").await.unwrap();
    pool.execute("update leases set owner = null, epoch = epoch + 1 where name like 'projector%'")
        .await
        .unwrap();
    wait_until("it begins", async || blocked_transactions(&pool).await > 0).await;
    frozen.signal(libc::SIGSTOP);
    let since = Instant::now();
    blocker.rollback().await.unwrap();

    let epoch = "select epoch from leases where name like 'projector%'";
    let frozen_epoch: i64 = sqlx::query_scalar(epoch).fetch_one(&pool).await.unwrap();
    let other = installation.start();
    wait_until("the other one projects", async || {
        sqlx::query_scalar::<_, i64>(epoch).fetch_one(&pool).await.unwrap() > frozen_epoch
    })
    .await;
    let (ann, bob) = (other.caller("ann"), other.caller("bob"));
    bob.arrive().await;
    let chat = ann.create(json!(["bob"])).await;
    let waited = since.elapsed();
    assert!(waited < LEASE + PAUSE + START, "{waited:?}");

    frozen.signal(libc::SIGCONT);
    let path = format!("/api/conversations/{}", chat["id"]);
    wait_until("it goes on", async || there.get(&path).await.status == 200).await;
}
