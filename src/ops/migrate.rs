use super::database::Database;
use super::{Failure, Options, output};

/// Brings the schema of the event log up to date; read models make their own when the server
/// starts.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let database = Database::open_or_make(&options).await?;
    event_store::migrate(&database.pool).await?;
    output::line("the event log's schema is up to date")?;
    database.close().await
}
