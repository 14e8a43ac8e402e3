use std::time::Duration;

use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::Error;

/// When whoever holds a lease renews it: after a third of it, so that two renewals may fail before it is lost.
pub const RENEW_AFTER: Duration = Duration::from_secs(2);

/// A follower's place in the log, and the lease that lets exactly one node move it.
///
/// The lease lasts six seconds by the database's clock. Every write names the epoch under which the lease was
/// taken; a holder that was overtaken changes no row and learns it as [`Error::LeaseLost`].
#[derive(Debug)]
pub struct Subscription {
    pool: PgPool,
    name: String,
    owner: Uuid,
    epoch: i64,
    position: i64,
}

impl Subscription {
    /// Takes the lease; `None` while another node holds it.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn acquire(pool: &PgPool, name: &str, owner: Uuid) -> Result<Option<Self>, Error> {
        sqlx::query("insert into subscriptions (name) values ($1) on conflict do nothing")
            .bind(name)
            .execute(pool)
            .await
            .map_err(Error::database("register a subscription"))?;
        let row = sqlx::query(
            "update subscriptions
             set owner = $2, epoch = epoch + 1, expires_at = clock_timestamp() + interval '6 seconds'
             where name = $1 and (owner is null or owner = $2 or expires_at < clock_timestamp())
             returning epoch, position",
        )
        .bind(name)
        .bind(owner)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("take a lease"))?;
        Ok(row.map(|row| Self {
            pool: pool.clone(),
            name: name.to_owned(),
            owner,
            epoch: row.get("epoch"),
            position: row.get("position"),
        }))
    }

    /// The newest position that was written down.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Rises whenever the lease changes hands.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Writes down that everything up to `to` is done, in the caller's transaction, and renews the lease.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another node took over: roll back.
    pub async fn advance(&mut self, connection: &mut PgConnection, to: i64) -> Result<(), Error> {
        let moved = sqlx::query(
            "update subscriptions
             set position = $4, expires_at = clock_timestamp() + interval '6 seconds'
             where name = $1 and owner = $2 and epoch = $3",
        )
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.epoch)
        .bind(to)
        .execute(connection)
        .await
        .map_err(Error::database("write a checkpoint"))?;
        if moved.rows_affected() == 0 {
            return Err(Error::LeaseLost { name: self.name.clone() });
        }
        self.position = to;
        Ok(())
    }

    /// Keeps the lease without moving.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] when another node took over.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await.map_err(Error::database("renew a lease"))?;
        let position = self.position;
        self.advance(&mut connection, position).await
    }

    /// Gives the lease back, so that another node need not wait for its end.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached; the lease then runs out by itself.
    pub async fn release(self) -> Result<(), Error> {
        sqlx::query(
            "update subscriptions set owner = null, expires_at = '-infinity'
             where name = $1 and owner = $2 and epoch = $3",
        )
        .bind(&self.name)
        .bind(self.owner)
        .bind(self.epoch)
        .execute(&self.pool)
        .await
        .map_err(Error::database("give a lease back"))?;
        Ok(())
    }
}
