use std::time::Duration;

use domain::Position;
use event_store::{Budget, Lease};
use sqlx::{Connection, Executor, PgConnection};

use super::locks::{is_had, lock};
use super::{Replay, Report, Step, drop_schema};
use crate::projector::{Fill, dedicated, index, prepare};
use crate::{Error, Generation};

/// Between two attempts to switch: doubled from the least to the most.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Up to where a copy may be filled.
struct Reach {
    to: Position,
    /// A node writes what is shown: the copy must not be ahead of it.
    is_bound: bool,
}

/// What became of an attempt to switch.
enum Switch {
    /// The copy is shown, as of this position.
    Done(Position),
    /// A long query is running, or the projector has not reached the copy's position yet.
    Busy,
    /// Too much was written meanwhile.
    Behind,
}

impl Replay {
    /// Rebuilds models, with those that depend on them, beside the ones that are shown, and then
    /// switches to the new ones. Readers see either the old or the new rows, both at the same
    /// position. An interrupted run is resumed, unless `anew` is given. Returns the position.
    ///
    /// # Errors
    /// [`Error::Refused`] for an event that cannot be applied; [`Error::UnderWay`] if another
    /// process does it; when PostgreSQL fails.
    pub async fn rebuild(
        &self,
        names: &[&str],
        anew: bool,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        let (live, mut anew) = (self.chosen(names), anew);
        let work = async |lease: &Lease| {
            let anew = std::mem::take(&mut anew);
            self.rebuild_under(lease, &live, anew, report).await
        };
        self.under(&live.rebuild_lease(), work).await
    }

    async fn rebuild_under(
        &self,
        lease: &Lease,
        live: &Generation,
        anew: bool,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        let next = live.next();
        let mut connection = dedicated(&self.log, &next).await?;
        drop_old(&mut connection, live).await?;
        if anew || position(&mut connection, &next).await?.is_none() {
            forget(&mut connection, &next).await?;
        }
        prepare(&mut connection, lease, &next).await?;
        let fill = self.fill(lease, &next);
        let moved = || Error::CheckpointMoved;
        let at = position(&mut connection, &next).await?.ok_or_else(moved)?;
        let mut at = self.catch_up(&mut connection, &fill, live, at, report).await?;
        report(Step::Indexing);
        index(&mut connection, lease, &next).await?;
        let mut pause = PAUSE_MIN;
        loop {
            at = self.catch_up(&mut connection, &fill, live, at, &mut |_| {}).await?;
            match self.switch(&mut connection, lease, live, at).await? {
                Switch::Done(position) => {
                    drop_old(&mut connection, live).await?;
                    return Ok(position);
                }
                Switch::Behind => {}
                Switch::Busy => {
                    report(Step::Switching);
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Fills a copy until it is near to what is shown: each time there is less to do, for less was
    /// written meanwhile. Returns where it is.
    async fn catch_up(
        &self,
        connection: &mut PgConnection,
        fill: &Fill<'_>,
        live: &Generation,
        mut at: Position,
        report: Report<'_>,
    ) -> Result<Position, Error> {
        loop {
            let to = self.reach(connection, live).await?.to;
            if to > at {
                report(Step::Filled { at, to });
                let mut reached = |at| report(Step::Filled { at, to });
                fill.run(connection, at, to, &mut reached).await?;
            }
            let behind = to - at;
            at = at.max(to);
            if behind <= self.near {
                return Ok(at);
            }
        }
    }

    /// A copy is filled to where the running models are, while a node takes them on; without one,
    /// to the head.
    async fn reach(
        &self,
        connection: &mut PgConnection,
        live: &Generation,
    ) -> Result<Reach, Error> {
        let (is_held, shown): (bool, Option<Position>) = sqlx::query_as(
            "select exists (select from leases
                            where name = $1 and owner is not null
                              and expires_at > clock_timestamp()),
                    coalesce((select max(position) from checkpoints where name = any($2)
                              and stopped is null),
                             (select max(position) from checkpoints where name = any($3)
                              and stopped is null))",
        )
        .bind(live.lease())
        .bind(live.schemas())
        .bind(self.live.schemas())
        .fetch_one(connection)
        .await
        .map_err(Error::database("read the checkpoints"))?;
        Ok(match shown {
            Some(to) if is_held => Reach { to, is_bound: true },
            _ => Reach { to: self.log.head().await?, is_bound: false },
        })
    }

    /// Puts the copy in the place of what is shown, in one transaction, if it is at the same
    /// position or so near that the rest is written with it.
    ///
    /// No statement can see half of each: for a moment nobody else holds a lock on the tables that
    /// are shown, and a statement that waits for one resolves the names again. Nobody waits for
    /// longer than that moment.
    async fn switch(
        &self,
        connection: &mut PgConnection,
        lease: &Lease,
        live: &Generation,
        at: Position,
    ) -> Result<Switch, Error> {
        let failed = |source| Error::Database { doing: "switch to a new generation", source };
        let mut tx = connection.begin().await.map_err(failed)?;
        let mut locked = lock_tables(&mut tx, live).await;
        if locked.is_ok() {
            locked = lock_rows(&mut tx, live).await;
        }
        if !is_had(&mut tx, locked).await? {
            tx.rollback().await.map_err(failed)?;
            return Ok(Switch::Busy);
        }
        lease.hold(&mut tx).await?;
        let reach = self.reach(&mut tx, live).await?;
        let to = if reach.is_bound { reach.to } else { at };
        let refused = match to - at {
            ..0 => Some(Switch::Busy),
            behind if behind > self.near => Some(Switch::Behind),
            _ => None,
        };
        if let Some(refused) = refused {
            tx.rollback().await.map_err(failed)?;
            return Ok(refused);
        }
        let next = live.next();
        let fill = self.fill(lease, &next);
        let mut at = at;
        self.log.announce(to);
        while at < to {
            let mut batch = self.log.tail().read(at, Budget::default()).await?;
            batch.truncate((to - at) as usize);
            fill.write(&mut tx, &batch).await?;
            at = at + batch.len() as i64;
        }
        rename(&mut tx, live, &live.old()).await?;
        rename(&mut tx, &next, live).await?;
        tx.commit().await.map_err(failed)?;
        Ok(Switch::Done(to))
    }
}

/// Locks all tables of a generation, or fails after a moment.
async fn lock_tables(tx: &mut PgConnection, generation: &Generation) -> Result<(), sqlx::Error> {
    // In the order in which the projector writes them.
    let tables: Option<String> = sqlx::query_scalar(
        "select string_agg(format('%I.%I', schemaname, tablename), ', '
                           order by array_position($1, schemaname::text), tablename)
         from pg_tables
         where schemaname = any($1)",
    )
    .bind(generation.schemas())
    .fetch_one(&mut *tx)
    .await?;
    match tables {
        Some(tables) => lock(tx, &tables, "access exclusive").await,
        None => Ok(()),
    }
}

/// Drops what was shown before.
///
/// Whoever waited for its tables while they were replaced takes them one by one, in an order of
/// their own, before they look the names up again: dropping one after the other might wait for them
/// as they wait for it.
async fn drop_old(connection: &mut PgConnection, live: &Generation) -> Result<(), Error> {
    let failed = |source| Error::Database { doing: "drop an old generation", source };
    let old = live.old();
    loop {
        let mut tx = connection.begin().await.map_err(failed)?;
        let locked = lock_tables(&mut tx, &old).await;
        if is_had(&mut tx, locked).await? {
            forget(&mut tx, &old).await?;
            return tx.commit().await.map_err(failed);
        }
        tx.rollback().await.map_err(failed)?;
        tokio::time::sleep(PAUSE_MIN).await;
    }
}

/// Whoever writes what is shown does so after this, or has done so before. In the order in which
/// the projector takes them, after the tables: its lease, and then the checkpoints.
async fn lock_rows(tx: &mut PgConnection, live: &Generation) -> Result<(), sqlx::Error> {
    sqlx::query("select from leases where name = $1 for update")
        .bind(live.lease())
        .execute(&mut *tx)
        .await?;
    sqlx::query("select from checkpoints where name = any($1) for update")
        .bind(live.schemas())
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// Where the models of a copy are, if all are there and at one position.
async fn position(
    connection: &mut PgConnection,
    copy: &Generation,
) -> Result<Option<Position>, Error> {
    let names = copy.schemas();
    let (count, least, most): (i64, Option<Position>, Option<Position>) = sqlx::query_as(
        "select count(*), min(position), max(position)
         from checkpoints
         where name = any($1) and schema_oid = to_regnamespace(name)",
    )
    .bind(&names)
    .fetch_one(connection)
    .await
    .map_err(Error::database("read the checkpoints"))?;
    Ok(least.filter(|_| count == names.len() as i64 && least == most))
}

/// Schemas with their checkpoints, which say which very schemas they stand for.
async fn rename(tx: &mut PgConnection, from: &Generation, to: &Generation) -> Result<(), Error> {
    for (from, to) in from.schemas().into_iter().zip(to.schemas()) {
        let failed = |source| Error::Database { doing: "switch to a new generation", source };
        let is_there: bool = sqlx::query_scalar("select to_regnamespace($1) is not null")
            .bind(&from)
            .fetch_one(&mut *tx)
            .await
            .map_err(failed)?;
        if is_there {
            let rename = format!("alter schema {from} rename to {to}");
            tx.execute(rename.as_str()).await.map_err(failed)?;
        }
        sqlx::query("update checkpoints set name = $2, stopped = null where name = $1")
            .bind(&from)
            .bind(&to)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Drops a copy and its checkpoints.
pub(crate) async fn forget(connection: &mut PgConnection, copy: &Generation) -> Result<(), Error> {
    for schema in copy.schemas() {
        drop_schema(connection, &schema).await?;
        sqlx::query("delete from checkpoints where name = $1")
            .bind(&schema)
            .execute(&mut *connection)
            .await
            .map_err(Error::database("drop a read model"))?;
    }
    Ok(())
}
