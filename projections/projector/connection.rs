use event_store::Log;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use crate::planner::PLANNER;
use crate::{Error, Generation};

/// A connection for the projector alone. It does not wait for its commits to reach the disk, and
/// keeps its own settings and prepared statements, so it must not go back to the pool.
pub(crate) async fn dedicated(
    log: &Log,
    generation: &Generation,
) -> Result<PoolConnection<Postgres>, Error> {
    let mut connection = log.pool().acquire().await.map_err(Error::database("connect"))?;
    connection.close_on_drop();
    set(&mut connection, PLANNER).await?;
    set(&mut connection, &[("synchronous_commit", "off")]).await?;
    let chosen = generation.choose(&mut connection).await;
    chosen.map_err(Error::database("set a connection up"))?;
    Ok(connection)
}

pub(super) async fn set(
    connection: &mut PgConnection,
    settings: &[(&str, &str)],
) -> Result<(), Error> {
    for (name, value) in settings {
        sqlx::query("select set_config($1, $2, false)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .map_err(Error::database("set a connection up"))?;
    }
    Ok(())
}
