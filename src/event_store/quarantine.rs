use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Position;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;

use crate::recorded::{Row, SELECT};
use crate::{Error, Log};

/// An operator's decision that followers of the log skip an unreadable event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// When it was decided, by the database's clock.
    pub at: DateTime<Utc>,
    /// Who decided it.
    pub by: String,
    pub reason: String,
}

/// The outcome of quarantining an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quarantine {
    /// It is quarantined now.
    Done,
    /// It was quarantined before. What had stopped at it may continue all the same.
    DoneBefore,
    /// There is no such event.
    Missing,
    /// It can be read: skipping it would hide what happened.
    Readable,
}

/// All quarantined events, by position.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn quarantined(
    executor: impl PgExecutor<'_>,
) -> Result<BTreeMap<Position, Quarantined>, Error> {
    let rows: Vec<(Position, DateTime<Utc>, String, String)> = sqlx::query_as(
        "select position, quarantined_at, quarantined_by, reason from quarantined_events",
    )
    .fetch_all(executor)
    .await
    .map_err(Error::database("read what is quarantined"))?;
    let of = |(position, at, by, reason)| (position, Quarantined { at, by, reason });
    Ok(rows.into_iter().map(of).collect())
}

/// The quarantined positions above `after` and up to `to`.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn quarantined_between(
    executor: impl PgExecutor<'_>,
    after: Position,
    to: Position,
) -> Result<BTreeSet<Position>, Error> {
    let positions: Vec<Position> = sqlx::query_scalar(
        "select position from quarantined_events where position > $1 and position <= $2",
    )
    .bind(after)
    .bind(to)
    .fetch_all(executor)
    .await
    .map_err(Error::database("read what is quarantined"))?;
    Ok(positions.into_iter().collect())
}

/// The positions of all unreadable events in the stream of the event at `position`. If the stream's
/// key does not open, these are all its events with private values.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn unreadable_in_stream(log: &Log, position: Position) -> Result<Vec<Position>, Error> {
    let sql = format!(
        "{SELECT}
         where (e.aggregate_type, e.aggregate_id)
               = (select s.aggregate_type, s.aggregate_id from events s where s.position = $1)
         order by e.sequence"
    );
    let mut rows = sqlx::query_as::<_, Row>(&sql).bind(position).fetch(log.pool());
    let mut positions = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(Error::database("read a stream"))? {
        let event = row.with_keys(log.keys());
        if event.event().is_err() {
            positions.push(event.position);
        }
    }
    Ok(positions)
}

/// Has the followers of the log skip an unreadable event, and lets those continue that have stopped
/// at it.
///
/// # Errors
/// When PostgreSQL fails, or [`Error::RotationUnfinished`]: it may open with the other master key.
pub async fn quarantine(
    log: &Log,
    position: Position,
    by: &str,
    reason: &str,
) -> Result<Quarantine, Error> {
    let Some(event) = log.read(position - 1, 1).await?.pop() else {
        return Ok(Quarantine::Missing);
    };
    if event.event().is_ok() {
        return Ok(Quarantine::Readable);
    }
    let masters: i64 = sqlx::query_scalar("select count(*) from master_keys")
        .fetch_one(log.pool())
        .await
        .map_err(Error::database("look for the master key"))?;
    if masters > 1 {
        return Err(Error::RotationUnfinished);
    }
    let database = Error::database;
    let mut tx = log.pool().begin().await.map_err(database("quarantine an event"))?;
    // Locked first: a projector that stops at the event writes these rows too, so whatever has
    // stopped by now is released below.
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
