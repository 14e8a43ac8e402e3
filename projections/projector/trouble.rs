use crate::Error;

/// Whether a batch failed because of its content, so that it would fail again, and not because the
/// database is in trouble.
pub(super) fn is_data(error: &Error) -> bool {
    match error {
        Error::Undecodable(_) => true,
        Error::Database { source: source @ sqlx::Error::Database(error), .. } => {
            // Our own fencing errors are not caused by data either.
            !event_store::is_outage(source) && !error.code().unwrap_or_default().starts_with("CQ")
        }
        _ => false,
    }
}

/// Whether the database's log has lost an event that was to be applied.
pub(super) fn is_lost_event(error: &Error) -> bool {
    match error {
        Error::Database { source: sqlx::Error::Database(error), .. } => {
            error.code().as_deref() == Some("CQ003")
        }
        _ => false,
    }
}
