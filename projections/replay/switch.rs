use std::time::Duration;

use domain::Position;
use event_store::{Budget, Lease};
use sqlx::{Connection, Executor, PgConnection};

use super::locks::{is_had, lock};
use super::{Replay, drop_schema};
use crate::{Error, Generation};

/// The shortest pause between two attempts.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The outcome of an attempt to switch.
pub(super) enum Switch {
    /// The copy is shown, as of this position.
    Done(Position),
    /// A long query is running, or the projector has not reached the copy's position yet.
    Busy,
    /// Too much was written meanwhile.
    Behind,
}

impl Replay {
    /// Replaces what is shown by the copy, in one transaction, if the copy is at the same position
    /// or so near that the rest is written with it.
    ///
    /// No statement can see half of each: the transaction has all tables that are shown to itself,
    /// and a statement that waits for one of them resolves the names again. The attempt gives up if
    /// it does not get its locks within a moment, so nobody waits for longer than that.
    pub(super) async fn switch(
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
    // In the order in which the projector writes them while it follows the log.
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

/// Drops the copy that was shown before.
///
/// Statements that waited for its tables during the switch lock them one by one, in an order of
/// their own, before they resolve the names again. Dropping one table after the other could
/// deadlock with them, so all are locked first.
pub(super) async fn drop_old(
    connection: &mut PgConnection,
    live: &Generation,
) -> Result<(), Error> {
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

/// Makes the projector wait until the transaction ends. Locked in the projector's order, after the
/// tables: its lease, and then the checkpoints.
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

/// Renames schemas with their checkpoints, which refer to the schemas by oid as well.
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
