//! Whether PostgreSQL is available. One task probes it continuously, so that an outage is noticed
//! once and not by every request after its own timeout.

mod availability;
mod database_watch;

use std::error::Error as StdError;

use crate::Error;

pub use availability::Availability;
pub use database_watch::watch_database;

/// Whether a failure is the database's, so that the same statement may succeed later, rather than
/// the statement's own.
pub fn is_outage(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(Error::Unreachable | Error::Unavailable) = error.downcast_ref() {
            return true;
        }
        if error.downcast_ref().is_some_and(is_outage_of_database) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>: connections (08, 28), a
/// server that takes no writes (25), transactions that others broke or blocked (40, 55), resources
/// (53), an operator, a timeout or a shutdown (57), the system below (58).
fn is_outage_of_database(error: &sqlx::Error) -> bool {
    const CLASSES: [&str; 8] = ["08", "25", "28", "40", "53", "55", "57", "58"];
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            CLASSES.iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}
