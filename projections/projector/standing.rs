use std::collections::BTreeMap;

use domain::Position;
use sqlx::PgExecutor;

use crate::{Error, Generation};

/// Positions of the models' rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    pub(crate) positions: BTreeMap<&'static str, Position>,
    /// The oid of each model's schema, and how often rows were refolded in it: if either differs,
    /// the rows are other ones.
    schemas: BTreeMap<&'static str, (i64, i64)>,
    /// Stopped models, each with the reason.
    pub(crate) stopped: BTreeMap<&'static str, String>,
}

impl Standing {
    /// Reads the checkpoints; `None` if a model was never built. A checkpoint that came with a
    /// restore does not count: the schema it stands for is missing or another one.
    pub(crate) async fn read(
        executor: impl PgExecutor<'_>,
        generation: &Generation,
    ) -> Result<Option<Self>, Error> {
        let rows: Vec<(String, Position, Option<String>, i64, i64)> = sqlx::query_as(
            "select name, position, stopped, schema_oid::bigint, refolded
                 from checkpoints
                 where name = any($1) and schema_oid = to_regnamespace(name)",
        )
        .bind(generation.schemas())
        .fetch_all(executor)
        .await
        .map_err(Error::database("read the checkpoints"))?;
        let mut standing = Self::default();
        for model in generation.models.iter() {
            let schema = generation.schema(model.name);
            let row = rows.iter().find(|(name, ..)| *name == schema);
            let Some((_, position, stopped, oid, refolded)) = row else { return Ok(None) };
            standing.positions.insert(model.name, *position);
            standing.schemas.insert(model.name, (*oid, *refolded));
            standing.stopped.extend(stopped.clone().map(|reason| (model.name, reason)));
        }
        Ok(Some(standing))
    }

    /// Whether, since `before`, rows were replaced or refolded, or a stopped model has resumed.
    pub(super) fn begins_anew_after(&self, before: &Self) -> bool {
        self.schemas != before.schemas
            || before.stopped.keys().any(|name| !self.stopped.contains_key(name))
    }

    /// The least position of the models that are not stopped; `None` if all are.
    pub(crate) fn least(&self) -> Option<Position> {
        self.running().map(|(_, position)| position).min()
    }

    /// The position of the models that are furthest behind, and how far they may go until they meet
    /// the next ones; `None` if all are stopped.
    pub(super) fn next(&self) -> Option<(Position, Option<Position>)> {
        let least = self.least()?;
        let ahead = self.running().map(|(_, position)| position).filter(|at| *at > least);
        Some((least, ahead.min()))
    }

    /// The same for a node that has followed the log only up to a position.
    pub(super) fn up_to(&self, position: Position) -> Self {
        let positions = self.positions.iter().map(|(name, at)| (*name, position.min(*at)));
        Self {
            positions: positions.collect(),
            schemas: self.schemas.clone(),
            stopped: self.stopped.clone(),
        }
    }

    /// Models that are not stopped, each with its position.
    pub(crate) fn running(&self) -> impl Iterator<Item = (&'static str, Position)> {
        let running = self.positions.iter().filter(|(name, _)| !self.stopped.contains_key(*name));
        running.map(|(name, position)| (*name, *position))
    }
}
