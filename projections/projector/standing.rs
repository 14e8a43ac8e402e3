use std::collections::BTreeMap;

use domain::Position;
use sqlx::PgExecutor;

use crate::Error;
use crate::model::Model;

/// Where the models' rows are.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) positions: BTreeMap<&'static str, Position>,
    /// Models that cannot go on, each with the reason.
    pub(crate) stopped: BTreeMap<&'static str, String>,
}

impl Standing {
    /// As the checkpoints have it; `None` when a model was never built. A checkpoint that came with a restore stands
    /// for a schema that is not there, or is another one.
    pub(super) async fn read(
        executor: impl PgExecutor<'_>,
        models: &[Model],
    ) -> Result<Option<Self>, Error> {
        let rows: Vec<(String, Position, Option<String>)> = sqlx::query_as(
            "select name, position, stopped
                 from checkpoints
                 where name = any($1) and schema_oid = to_regnamespace(name)",
        )
        .bind(models.iter().map(|model| model.name).collect::<Vec<_>>())
        .fetch_all(executor)
        .await
        .map_err(Error::database("read the checkpoints"))?;
        let mut standing = Self { positions: BTreeMap::new(), stopped: BTreeMap::new() };
        for model in models {
            let row = rows.iter().find(|(name, ..)| name == model.name);
            let Some((_, position, stopped)) = row else { return Ok(None) };
            standing.positions.insert(model.name, *position);
            standing.stopped.extend(stopped.clone().map(|reason| (model.name, reason)));
        }
        Ok(Some(standing))
    }

    /// Where everything is shown that is not stopped; `None` when all are.
    pub(crate) fn least(&self) -> Option<Position> {
        self.running().map(|(_, position)| position).min()
    }

    /// The position of those that are furthest behind, and how far they may go to meet the next ones; `None` when all
    /// are stopped.
    pub(super) fn next(&self) -> Option<(Position, Option<Position>)> {
        let least = self.least()?;
        let ahead = self.running().map(|(_, position)| position).filter(|at| *at > least);
        Some((least, ahead.min()))
    }

    /// The same for whoever has followed the log up to a position only.
    pub(super) fn up_to(&self, position: Position) -> Self {
        let positions = self.positions.iter().map(|(name, at)| (*name, position.min(*at)));
        Self { positions: positions.collect(), stopped: self.stopped.clone() }
    }

    /// The models that can go on, and where each stands.
    pub(crate) fn running(&self) -> impl Iterator<Item = (&'static str, Position)> {
        let running = self.positions.iter().filter(|(name, _)| !self.stopped.contains_key(*name));
        running.map(|(name, position)| (*name, *position))
    }
}
