use domain::Position;
use event_store::Lease;

use super::{Replay, Report, Step, drop_schema, make};
use crate::Error;
use crate::projector::{dedicated, index};

impl Replay {
    /// Builds a model, with its relatives, as it was at a position, in a new schema of its own.
    ///
    /// # Errors
    /// [`Error::SchemaExists`]; those of building otherwise.
    pub async fn what_if(
        &self,
        name: &str,
        until: Position,
        schema: &str,
        report: Report<'_>,
    ) -> Result<(), Error> {
        let copy = self.chosen(&[name]).within(schema);
        let work = async |lease: &Lease| {
            let mut connection = dedicated(&self.log, &copy).await?;
            let exists: bool = sqlx::query_scalar("select to_regnamespace($1) is not null")
                .bind(schema)
                .fetch_one(&mut *connection)
                .await
                .map_err(Error::database("look for a schema"))?;
            if exists {
                return Err(Error::SchemaExists(schema.to_owned()));
            }
            make(&mut connection, &copy, schema).await?;
            let mut reached = |at| report(Step::Filled { at, to: until });
            let fill = self.fill(lease, &copy);
            let filled = match fill.run(&mut connection, Position::START, until, &mut reached).await
            {
                Ok(()) => index(&mut connection, lease, &copy).await,
                failed => failed,
            };
            if filled.is_err() {
                drop_schema(&mut connection, schema).await?;
            }
            filled
        };
        self.under("what_if", work).await
    }
}
