use std::time::Duration;

use domain::AccountId;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::timers::{self, Action};
use crate::{Error, Generation};

/// A timer whose time has come.
#[derive(Debug, Clone)]
pub struct Due {
    /// The stream that the action is on.
    pub stream: Uuid,
    pub account_id: AccountId,
    /// The event that set it.
    pub cause: Uuid,
    /// What to do.
    pub action: Json<Action>,
}

event_store::from_row!(Due { stream, account_id, cause, action });

/// The schema is named explicitly: the reactors' connections are otherwise for the log alone.
fn live() -> String {
    Generation::live().schema(timers::NAME)
}

impl Due {
    /// Timers whose time has come by the database's clock, the longest overdue first.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn find(pool: &PgPool, limit: i64) -> Result<Vec<Self>, Error> {
        sqlx::query_as(&format!(
            "select stream, account_id, cause, action
             from {}.timers
             where due_at <= clock_timestamp()
             order by due_at
             limit $1",
            live()
        ))
        .bind(limit)
        .fetch_all(pool)
        .await
        .map_err(Error::database("read the timers that are due"))
    }

    /// How long it is until the next timer is due; `None` when there is no timer.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn next_in(pool: &PgPool) -> Result<Option<Duration>, Error> {
        let seconds: Option<f64> = sqlx::query_scalar(&format!(
            "select extract(epoch from min(due_at) - clock_timestamp())::float8 from {}.timers",
            live()
        ))
        .fetch_one(pool)
        .await
        .map_err(Error::database("read the next timer"))?;
        // A wait that is too long for the type outlasts this process.
        Ok(seconds
            .map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)))
    }
}
