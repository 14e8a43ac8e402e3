use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{Error, causes};

const PRUNE_EVERY: Duration = Duration::from_secs(600);
const BATCH_SIZE: i64 = 10_000;

/// Forgets idempotency keys that were claimed more than 72 hours ago, until `stop` is cancelled.
pub async fn prune_idempotency_keys(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match prune(&pool).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "forgot old idempotency keys"),
            Err(error) => {
                tracing::warn!(error = causes(&error), "old idempotency keys were not forgotten");
            }
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(PRUNE_EVERY)).await;
    }
}

/// Deletes in batches, so that no statement locks many rows for long. Nodes that do it at the same
/// time share the work.
pub(crate) async fn prune(pool: &PgPool) -> Result<u64, Error> {
    let mut pruned = 0;
    loop {
        let gone = sqlx::query(
            "delete from idempotency_keys
             where ctid = any(array(
                 select ctid from idempotency_keys
                 where claimed_at < now() - interval '72 hours'
                 order by claimed_at
                 limit $1
                 for update skip locked
             ))",
        )
        .bind(BATCH_SIZE)
        .execute(pool)
        .await
        .map_err(Error::database("forget idempotency keys"))?
        .rows_affected();
        pruned += gone;
        if gone < BATCH_SIZE.unsigned_abs() {
            return Ok(pruned);
        }
    }
}
