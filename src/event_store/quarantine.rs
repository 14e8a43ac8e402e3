use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgExecutor};

use crate::{Error, Log};

/// An unreadable event that followers of the log pass over.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Quarantined {
    /// The event.
    pub position: i64,
    /// Since when, by the database's clock.
    pub quarantined_at: DateTime<Utc>,
    /// Who decided it.
    pub quarantined_by: String,
    /// Why.
    pub reason: String,
}

/// What became of a wish to quarantine an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quarantine {
    /// It is quarantined now.
    Done,
    /// It was before. What was stopped at it may go on.
    DoneBefore,
    /// There is no such event.
    Missing,
    /// It can be read: passing over it would hide what happened.
    Readable,
}

/// All that are quarantined, by position.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn quarantined(executor: impl PgExecutor<'_>) -> Result<Vec<Quarantined>, Error> {
    sqlx::query_as(
        "select position, quarantined_at, quarantined_by, reason
         from quarantined_events
         order by position",
    )
    .fetch_all(executor)
    .await
    .map_err(Error::database("read what is quarantined"))
}

/// The positions above one and up to another that are quarantined.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn quarantined_between(
    executor: impl PgExecutor<'_>,
    after: i64,
    to: i64,
) -> Result<BTreeSet<i64>, Error> {
    let positions: Vec<i64> = sqlx::query_scalar(
        "select position from quarantined_events where position > $1 and position <= $2",
    )
    .bind(after)
    .bind(to)
    .fetch_all(executor)
    .await
    .map_err(Error::database("read what is quarantined"))?;
    Ok(positions.into_iter().collect())
}

/// Lets the followers of the log pass over an event that cannot be read, and those go on that it has stopped.
///
/// # Errors
/// When PostgreSQL fails, or the event cannot be read because there is no master key.
pub async fn quarantine(
    log: &Log,
    position: i64,
    by: &str,
    reason: &str,
) -> Result<Quarantine, Error> {
    let Some(event) = log.read(position - 1, 1).await?.pop() else {
        return Ok(Quarantine::Missing);
    };
    if event.event().is_ok() {
        return Ok(Quarantine::Readable);
    }
    let database = Error::database;
    let mut tx = log.pool().begin().await.map_err(database("quarantine an event"))?;
    // Taken first: a projector that stops at the event writes these rows too, and what it has stopped by then goes on.
    sqlx::query("select from checkpoints order by name for update")
        .execute(&mut *tx)
        .await
        .map_err(database("quarantine an event"))?;
    let inserted = sqlx::query(
        "insert into quarantined_events (position, quarantined_by, reason)
         values ($1, $2, $3)
         on conflict on constraint quarantined_events_once_per_event do nothing",
    )
    .bind(position)
    .bind(by)
    .bind(reason)
    .execute(&mut *tx)
    .await
    .map_err(database("quarantine an event"))?;
    sqlx::query(
        "update checkpoints set stopped = null where stopped is not null and position = $1 - 1",
    )
    .bind(position)
    .execute(&mut *tx)
    .await
    .map_err(database("let projections go on"))?;
    tx.commit().await.map_err(database("quarantine an event"))?;
    Ok(match inserted.rows_affected() {
        0 => Quarantine::DoneBefore,
        _ => Quarantine::Done,
    })
}
