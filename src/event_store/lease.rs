use std::sync::Arc;
use std::time::Duration;

use domain::Position;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::Error;

/// How long a lease lasts by the database's clock, unless it is renewed.
pub(crate) const LASTS: Duration = Duration::from_secs(6);

/// The right to do a piece of work that runs on one node at a time. It lasts six seconds by the
/// database's clock, and longer for as long as it is renewed.
///
/// Every write under it carries the epoch under which it was taken, as a fencing token: a holder
/// whose lease was taken over changes nothing and gets [`Error::LeaseLost`].
#[derive(Debug, Clone)]
pub struct Lease {
    name: Arc<str>,
    owner: Uuid,
    epoch: i64,
}

impl Lease {
    /// Takes the lease; `None` while another node holds it. A lease that expires further ahead than
    /// a lease lasts was taken before the database's clock was set back. It counts as expired;
    /// otherwise it would last for as long as the clock was set back by.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn acquire(pool: &PgPool, name: &str, owner: Uuid) -> Result<Option<Self>, Error> {
        sqlx::query("insert into leases (name) values ($1) on conflict do nothing")
            .bind(name)
            .execute(pool)
            .await
            .map_err(Error::database("register a lease"))?;
        let epoch: Option<i64> = sqlx::query_scalar(
            "update leases
             set owner = $2,
                 epoch = epoch + 1,
                 expires_at = clock_timestamp() + interval '6 seconds'
             where name = $1
               and (owner is null
                    or owner = $2
                    or expires_at not between clock_timestamp()
                                      and clock_timestamp() + interval '6 seconds')
             returning epoch",
        )
        .bind(name)
        .bind(owner)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("take a lease"))?;
        Ok(epoch.map(|epoch| Self { name: name.into(), owner, epoch }))
    }

    /// The name of the work.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node that holds it.
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    /// Rises whenever the lease is taken.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Renews the lease in the caller's transaction, and keeps others from taking it until that
    /// ends.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another node took over: roll back.
    pub async fn hold(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let renewed = sqlx::query(
            "update leases
             set expires_at = clock_timestamp() + interval '6 seconds'
             where name = $1 and owner = $2 and epoch = $3",
        )
        .bind(self.name())
        .bind(self.owner)
        .bind(self.epoch)
        .execute(connection)
        .await
        .map_err(Error::database("renew a lease"))?;
        if renewed.rows_affected() == 0 { Err(self.lost()) } else { Ok(()) }
    }

    /// Renews the lease and advances checkpoints from the position that their rows hold, in the
    /// transaction that wrote the rows they stand for.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another node took over, [`Error::CheckpointMoved`] when a row
    /// holds another position: roll back.
    pub async fn advance(
        &self,
        connection: &mut PgConnection,
        names: &[&str],
        from: Position,
        to: Position,
    ) -> Result<(), Error> {
        let moved = sqlx::query("select advance_checkpoints($1, $2, $3, $4, $5, $6)")
            .bind(self.name())
            .bind(self.owner)
            .bind(self.epoch)
            .bind(names)
            .bind(from)
            .bind(to)
            .execute(connection)
            .await;
        match moved {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_database_error().and_then(|e| e.code()).as_deref() {
                Some("CQ001") => self.lost(),
                Some("CQ002") => Error::CheckpointMoved { names: names.join(", "), from },
                _ => Error::Database { doing: "write a checkpoint", source: error },
            }),
        }
    }

    /// Records why a checkpoint has stopped, or that it moves again, for other nodes and for
    /// operators.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another node took over, or when PostgreSQL cannot be reached.
    pub async fn set_stopped(
        &self,
        pool: &PgPool,
        name: &str,
        stopped: Option<&str>,
    ) -> Result<(), Error> {
        let failed = |source| Error::Database { doing: "write a checkpoint", source };
        let mut transaction = pool.begin().await.map_err(failed)?;
        self.hold(&mut transaction).await?;
        sqlx::query("update checkpoints set stopped = $2 where name = $1")
            .bind(name)
            .bind(stopped)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    pub(crate) async fn renew(&self, pool: &PgPool) -> Result<(), Error> {
        let mut connection = pool.acquire().await.map_err(Error::database("renew a lease"))?;
        self.hold(&mut connection).await
    }

    /// Takes a lease away from its holder and leaves it free: the same node takes it again and
    /// starts over, or another one does.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn revoke(pool: &PgPool, name: &str) -> Result<(), Error> {
        sqlx::query("update leases set owner = null, expires_at = '-infinity' where name = $1")
            .bind(name)
            .execute(pool)
            .await
            .map_err(Error::database("take a lease back"))?;
        Ok(())
    }

    /// Gives the lease back, so that another node need not wait until it expires.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached; the lease then expires by itself.
    pub async fn release(self, pool: &PgPool) -> Result<(), Error> {
        sqlx::query(
            "update leases set owner = null, expires_at = '-infinity'
             where name = $1 and owner = $2 and epoch = $3",
        )
        .bind(self.name())
        .bind(self.owner)
        .bind(self.epoch)
        .execute(pool)
        .await
        .map_err(Error::database("give a lease back"))?;
        Ok(())
    }

    pub(crate) fn lost(&self) -> Error {
        Error::LeaseLost { name: self.name.to_string() }
    }
}

/// A checkpoint's position. A checkpoint that does not exist yet is created at 0.
///
/// # Errors
/// When PostgreSQL cannot be reached.
pub async fn checkpoint(pool: &PgPool, name: &str) -> Result<Position, Error> {
    sqlx::query("insert into checkpoints (name) values ($1) on conflict do nothing")
        .bind(name)
        .execute(pool)
        .await
        .map_err(Error::database("register a checkpoint"))?;
    sqlx::query_scalar("select position from checkpoints where name = $1")
        .bind(name)
        .fetch_one(pool)
        .await
        .map_err(Error::database("read a checkpoint"))
}
