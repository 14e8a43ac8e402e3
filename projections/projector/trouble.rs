use crate::Error;

/// Whether a batch failed for what is in it, so that it would fail again, and not because the database is in trouble.
pub(super) fn is_data(error: &Error) -> bool {
    match error {
        Error::Undecodable(_) => true,
        Error::Database { source: sqlx::Error::Database(error), .. } => {
            // Connections (08, 28), a server that does not write (25), transactions that others broke or blocked
            // (40, 55), resources (53), an operator or a timeout (57), the system below (58), our own fences (CQ).
            let passing = ["08", "25", "28", "40", "53", "55", "57", "58", "CQ"];
            let code = error.code().unwrap_or_default();
            !passing.iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
