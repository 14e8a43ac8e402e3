use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::Error;

/// Carries out a statement for the rows in `$1`; with no rows there is nothing to do, and nobody to ask.
pub(crate) async fn write<T: Serialize>(
    connection: &mut PgConnection,
    statement: &str,
    rows: &[T],
    doing: &'static str,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(statement)
        .bind(Json(rows))
        .execute(connection)
        .await
        .map_err(Error::database(doing))?;
    Ok(())
}
