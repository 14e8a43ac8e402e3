use std::time::Duration;

use domain::{ConversationId, Position};
use event_store::Lease;
use sqlx::{Executor, PgConnection};

use super::compare::{Comparison, Difference, Table};
use super::{Replay, Report, Step, drop_schema, make};
use crate::projector::dedicated;
use crate::{Error, Generation};

/// How often, and after which pause, checkpoints that differ are read again.
pub(super) const LOOKS_MAX: usize = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The position at which rows were compared.
    pub position: Position,
    /// Rows that are shown.
    pub rows: u64,
    /// Rows that differ.
    pub differences: u64,
}

impl Replay {
    /// Rebuilds models, with their relatives, in a copy, and compares it row by row with what is
    /// shown, both at the same position; all models if none is named. With a `sample`, only so many
    /// conversations, chosen at random, are folded and compared. `found` is called with each
    /// difference.
    ///
    /// # Errors
    /// [`Error::Stopped`] for a model that is stopped; those of building; when PostgreSQL fails.
    pub async fn verify(
        &self,
        names: &[&str],
        sample: Option<i64>,
        report: Report<'_>,
        found: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Verified, Error> {
        let live = self.chosen(names);
        let schema = live.scratch();
        let copy = live.within(&schema);
        let work = async |lease: &Lease| {
            let mut connection = dedicated(&self.log, &copy).await?;
            drop_schema(&mut connection, &schema).await?;
            make(&mut connection, &copy, &schema).await?;
            let mut shown = dedicated(&self.log, &live).await?;
            let at = position(&mut shown, &live, LOOKS_MAX).await?;
            let fill = self.fill(lease, &copy);
            let mut reached = |led, followed, to| report(Step::filled(led, followed, to));
            let sample = choose(&mut shown, sample).await?;
            match &sample {
                None => {
                    let mut reached = |led, followed| reached(led, followed, at);
                    fill.run(&mut connection, Position::START, at, &mut reached).await?
                }
                Some(conversations) => {
                    for conversation in conversations {
                        self.fold(&fill, &mut connection, *conversation, Position::START, at)
                            .await?;
                    }
                }
            }
            // The snapshot is held during the comparison.
            let to = hold(&mut shown, &live, &schema).await?;
            match &sample {
                None => {
                    let mut reached = |led, followed| reached(led, followed, to);
                    fill.run(&mut connection, at, to, &mut reached).await?
                }
                Some(conversations) => {
                    for conversation in conversations {
                        self.fold(&fill, &mut connection, *conversation, at, to).await?;
                    }
                }
            }
            let comparison = Comparison { log: &self.log, schema: &schema, position: to, sample };
            report(Step::Comparing);
            let verified = comparison.run(&mut shown, &mut connection, found).await;
            shown.execute("rollback").await.map_err(Error::database("compare"))?;
            drop_schema(&mut connection, &schema).await?;
            verified
        };
        self.under(&schema, work).await
    }
}

/// Random conversations of those that are shown.
async fn choose(
    connection: &mut PgConnection,
    sample: Option<i64>,
) -> Result<Option<Vec<ConversationId>>, Error> {
    let Some(count) = sample else { return Ok(None) };
    let chosen = sqlx::query_scalar("select uuid from conversations order by random() limit $1");
    let chosen = chosen.bind(count).fetch_all(connection).await;
    chosen.map(Some).map_err(Error::database("choose conversations"))
}

/// Begins a transaction that sees a single state of what is shown, and returns its position. The
/// tables are locked before that state is fixed, so that no other copy can replace them meanwhile.
async fn hold(
    connection: &mut PgConnection,
    live: &Generation,
    scratch: &str,
) -> Result<Position, Error> {
    let failed = |source| Error::Database { doing: "compare", source };
    let tables = Table::all(&mut *connection, scratch).await?;
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let begin = format!(
        "begin isolation level repeatable read;
         lock table {} in access share mode",
        names.join(", ")
    );
    // What a transaction sees never changes, so that another look takes another one.
    let mut looks = 1;
    loop {
        connection.execute(begin.as_str()).await.map_err(failed)?;
        match position(&mut *connection, live, 1).await {
            Err(Error::NotCaughtUp { .. }) if looks < LOOKS_MAX => looks += 1,
            found => return found,
        }
        connection.execute("rollback").await.map_err(failed)?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// The models' common position. They are apart for a moment while one of them catches up, so it is
/// looked for several times.
pub(super) async fn position(
    connection: &mut PgConnection,
    live: &Generation,
    looks_max: usize,
) -> Result<Position, Error> {
    for look in 1..=looks_max {
        let found: Vec<(String, Position, Option<String>)> = sqlx::query_as(
            "select name, position, stopped from checkpoints
             where name = any($1) and schema_oid = to_regnamespace(name)",
        )
        .bind(live.schemas())
        .fetch_all(&mut *connection)
        .await
        .map_err(Error::database("read the checkpoints"))?;
        for model in live.models.iter() {
            let schema = live.schema(model.name);
            match found.iter().find(|(name, ..)| *name == schema) {
                Some((_, _, Some(reason))) => {
                    return Err(Error::Stopped { model: model.name, reason: reason.clone() });
                }
                Some(_) => {}
                None => return Err(Error::NotCaughtUp { model: model.name }),
            }
        }
        let first = found[0].1;
        if found.iter().all(|(_, position, _)| *position == first) {
            return Ok(first);
        }
        if look < looks_max {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Err(Error::NotCaughtUp { model: live.models[0].name })
}
