use sqlx::{Executor, PgConnection};

use crate::Error;

/// Locks tables in a transaction, or fails after 100 ms.
pub(super) async fn lock(
    tx: &mut PgConnection,
    tables: &str,
    mode: &str,
) -> Result<(), sqlx::Error> {
    // For all locks together: longer than most statements, shorter than anybody notices, and
    // shorter than PostgreSQL's deadlock timeout.
    let lock = format!("set local statement_timeout = '100ms'; lock table {tables} in {mode} mode");
    tx.execute(lock.as_str()).await.map(drop)
}

/// Whether the locks were obtained; statements after them have no timeout. If not, roll back at
/// once and not with the next statement: until then the locks that were obtained are held.
pub(super) async fn is_had(
    tx: &mut PgConnection,
    locked: Result<(), sqlx::Error>,
) -> Result<bool, Error> {
    let failed = |source| Error::Database { doing: "lock read models", source };
    match locked {
        Ok(()) => tx.execute("set local statement_timeout = 0").await.map(|_| true).map_err(failed),
        Err(error) if is_busy(&error) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// A lock is held by another session for too long, or two wait for each other.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("57014" | "55P03" | "40P01"))
}
