use std::sync::Arc;

use event_store::{Lease, LogEvent};
use sqlx::{Connection, PgConnection};

use crate::Error;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::model::Model;

/// Arguments of the models' `apply` functions, by model name, in the order of the models.
pub(super) type Arguments = Vec<(&'static str, String)>;

/// The arguments of those models that the changes concern.
pub(super) fn arguments(models: &[&Model], changes: &Changes<'_>) -> Arguments {
    let argument = |model: &&Model| Some((model.name, (model.changes)(changes)?));
    models.iter().filter_map(argument).collect()
}

/// A batch as filling writes it: new rows with the tables that they are copied into, and arguments
/// for the rest.
pub(super) struct Prepared {
    copied: Vec<(&'static str, Rows)>,
    arguments: Arguments,
}

/// Smaller batches are written without COPY, which takes more round trips.
const COPIED_MIN: usize = 200;

impl Prepared {
    /// Prepares a batch of `events` events.
    pub(super) fn new(models: &[&Model], events: usize, mut changes: Changes<'_>) -> Self {
        let copied =
            models.iter().filter_map(|model| model.copied.filter(|_| events >= COPIED_MIN));
        let copied = copied.map(|copied| (copied.into, (copied.take)(&mut changes))).collect();
        Self { copied, arguments: arguments(models, &changes) }
    }

    /// Writes it as [`write`] does, in one transaction.
    pub(super) async fn write(
        self,
        connection: &mut PgConnection,
        lease: &Lease,
        names: Vec<String>,
        batch: &[Arc<LogEvent>],
    ) -> Result<(), Error> {
        if self.copied.is_empty() {
            return write(connection, lease, names, self.arguments, batch).await;
        }
        let failed = Error::database;
        let mut tx = connection.begin().await.map_err(failed("copy new rows"))?;
        for (into, rows) in self.copied {
            rows.copy(&mut tx, into).await.map_err(failed("copy new rows"))?;
        }
        write(&mut tx, lease, names, self.arguments, batch).await?;
        tx.commit().await.map_err(failed("apply a batch"))
    }
}

/// Writes the changes to the rows of the models and moves their checkpoints to the end of the
/// batch: one statement, one transaction, one round trip. `case` is what guarantees the order in
/// which the functions are called.
pub(super) async fn write(
    connection: &mut PgConnection,
    lease: &Lease,
    names: Vec<String>,
    arguments: Arguments,
    batch: &[Arc<LogEvent>],
) -> Result<(), Error> {
    let Some(last) = batch.last() else { return Ok(()) };
    let mut sql = String::from("select ");
    for (place, (model, _)) in arguments.iter().enumerate() {
        let number = 8 + place;
        sql.push_str(&format!("case when apply_{model}(${number}::text::jsonb) then "));
    }
    sql.push_str("advance_checkpoints($1, $2, $3, $4, $5, $6, $7)");
    sql.push_str(&" end".repeat(arguments.len()));
    let to = last.recorded.position;
    let mut query = sqlx::query(&sql)
        .bind(lease.name())
        .bind(lease.owner())
        .bind(lease.epoch())
        .bind(names)
        .bind(to - batch.len() as i64)
        .bind(to)
        .bind(&last.recorded.digest);
    for (_, argument) in arguments {
        query = query.bind(argument);
    }
    query.execute(connection).await.map_err(Error::database("apply a batch"))?;
    Ok(())
}
