//! Conversion between positions of the log and positions of an account.

use domain::{AccountId, AccountPosition, Position};
use sqlx::PgPool;

use super::Log;
use crate::Error;

impl Log {
    /// How many events an account had at a position of the log.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn account_position_at(
        &self,
        account: AccountId,
        position: Position,
    ) -> Result<AccountPosition, Error> {
        let found = account_position_at(&self.pool, account, position).await;
        found.map_err(Error::database("look up an account's position"))
    }

    /// The position of the newest of an account's first `account_position` events; 0 for none.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn position_of(
        &self,
        account: AccountId,
        account_position: AccountPosition,
    ) -> Result<Position, Error> {
        let up_to = account_position.get();
        let newest = newest(&self.pool, account, "account_position", up_to).await;
        Ok(newest.map_err(Error::database("look up a position"))?.0)
    }
}

/// How many events an account had at a position of the log, read through any pool of its database.
///
/// # Errors
/// When PostgreSQL cannot be reached.
pub async fn account_position_at(
    pool: &PgPool,
    account: AccountId,
    position: Position,
) -> Result<AccountPosition, sqlx::Error> {
    Ok(newest(pool, account, "position", position.get()).await?.1)
}

/// Both positions of an account's newest event whose `column` is at most `up_to`.
async fn newest(
    pool: &PgPool,
    account: AccountId,
    column: &'static str,
    up_to: i64,
) -> Result<(Position, AccountPosition), sqlx::Error> {
    let sql = format!(
        "select position, account_position
         from events
         where account_id = $1 and {column} <= $2
         order by account_position desc
         limit 1"
    );
    let newest = sqlx::query_as(&sql).bind(account).bind(up_to).fetch_optional(pool).await?;
    Ok(newest.unwrap_or_default())
}
