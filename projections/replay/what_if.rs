use domain::Position;
use event_store::Lease;
use sqlx::{Executor, PgConnection};

use super::{Replay, Report, Step, drop_schema, make};
use crate::Error;
use crate::generation::quoted;
use crate::projector::{dedicated, index};

impl Replay {
    /// Builds a model, with its relatives, as it was at a position, in a new schema. The schema
    /// gets its name only when it is complete, so an interrupted run leaves nothing under that
    /// name.
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
        let scratch = self.live.scratch();
        let copy = self.chosen(&[name]).within(&scratch);
        let work = async |lease: &Lease| {
            let mut connection = dedicated(&self.log, &copy).await?;
            let exists: bool = sqlx::query_scalar("select to_regnamespace($1) is not null")
                .bind(quoted(schema))
                .fetch_one(&mut *connection)
                .await
                .map_err(Error::database("look for a schema"))?;
            if exists {
                return Err(Error::SchemaExists(schema.to_owned()));
            }
            drop_schema(&mut connection, &scratch).await?;
            make(&mut connection, &copy, &scratch).await?;
            let mut reached = |led, followed| report(Step::filled(led, followed, until));
            let fill = self.fill(lease, &copy);
            fill.run(&mut connection, Position::START, until, &mut reached).await?;
            report(Step::Indexing);
            index(&mut connection, lease, &copy).await?;
            name_it(&mut connection, &scratch, schema).await
        };
        self.under(&scratch, work).await
    }
}

async fn name_it(connection: &mut PgConnection, from: &str, to: &str) -> Result<(), Error> {
    let rename = format!("alter schema {from} rename to {}", quoted(to));
    match connection.execute(rename.as_str()).await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P06") => {
            Err(Error::SchemaExists(to.to_owned()))
        }
        Err(source) => Err(Error::Database { doing: "name a schema", source }),
    }
}
