use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;

use crate::model::{MODELS, Model, VERSION};

/// Quotes a schema's name for a statement: an operator may have chosen the name.
pub(crate) fn quoted(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}

/// One copy of the read models: a schema for each, selected by a connection's `search_path`. No
/// statement names a schema, so the same statements serve the copy that is shown, the one being
/// built beside it and one built for inspection.
#[derive(Debug, Clone)]
pub struct Generation {
    pub(crate) models: Arc<[Model]>,
    pub(crate) version: i32,
    pub(crate) place: Place,
    /// How long it is kept after the last node of its version was seen.
    pub(crate) kept_for: Duration,
    /// From this many events behind the log, it is filled in large batches.
    pub(crate) far_behind: i64,
}

/// Which schemas hold the models.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// One schema per model; this suffix follows the version in its name.
    Each(&'static str),
    /// All models in one schema of this name.
    One(String),
}

/// After a rollback within this time, nodes of the older version find their rows still there. It is
/// not longer because rows that no node keeps up to date still contain what is erased meanwhile.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Below this lag, in events, small batches are as fast.
const FAR_BEHIND: i64 = 5_000;
/// Suffixes of schema names.
const NEXT: &str = "_next";
const OLD: &str = "_old";

impl Generation {
    /// The copy from which nodes of this version answer queries.
    pub fn live() -> Self {
        Self::of(MODELS)
    }

    /// The same, restricted to these models.
    pub(crate) fn of(models: &[Model]) -> Self {
        let models = models.into();
        Self {
            models,
            version: VERSION,
            place: Place::Each(""),
            kept_for: KEPT_FOR,
            far_behind: FAR_BEHIND,
        }
    }

    /// The schema of a model, which is also the name of its checkpoint.
    pub fn schema(&self, model: &str) -> String {
        match &self.place {
            Place::Each(end) => format!("{model}_{}{end}", self.version),
            Place::One(schema) => schema.clone(),
        }
    }

    /// Some of its models, with all that they depend on and all that depend on them. They are
    /// written together: a row may be derived from another one only as of the same event.
    pub(crate) fn with_relatives(&self, names: &[&str]) -> Self {
        let mut related: Vec<&str> = names.to_vec();
        loop {
            let before = related.len();
            for model in self.models.iter() {
                let with_bases: Vec<&str> = [&[model.name], model.builds_on].concat();
                if with_bases.iter().any(|name| related.contains(name)) {
                    related.extend(with_bases);
                }
            }
            related.sort_unstable();
            related.dedup();
            if related.len() == before {
                break;
            }
        }
        let models = self.models.iter().filter(|model| related.contains(&model.name)).copied();
        Self { models: models.collect(), ..self.clone() }
    }

    /// The copy that is built to replace this one.
    pub(crate) fn next(&self) -> Self {
        Self { place: Place::Each(NEXT), ..self.clone() }
    }

    /// The copy that a newly built one has replaced.
    pub(crate) fn old(&self) -> Self {
        Self { place: Place::Each(OLD), ..self.clone() }
    }

    /// The name of the schema, and of its lease, in which a copy is built for comparison,
    /// inspection or refolding. Each run drops the schema first, so nothing else in the database
    /// may have the name.
    pub(crate) fn scratch(&self) -> String {
        format!("colloquy_verify_{}", self.version)
    }

    /// A copy in a schema of its own.
    pub(crate) fn within(&self, schema: &str) -> Self {
        Self { place: Place::One(schema.to_owned()), ..self.clone() }
    }

    /// The schemas of all models, in their order.
    pub(crate) fn schemas(&self) -> Vec<String> {
        let mut schemas: Vec<_> = self.models.iter().map(|model| self.schema(model.name)).collect();
        schemas.dedup();
        schemas
    }

    /// Names of the checkpoints of these models; a copy in a single schema has none.
    pub(crate) fn names(&self, models: &[&Model]) -> Vec<String> {
        match self.place {
            Place::Each(_) => models.iter().map(|model| self.schema(model.name)).collect(),
            Place::One(_) => vec![],
        }
    }

    /// The lease under which the rows are written. Each version has its own, because only its nodes
    /// know how to write its rows.
    pub fn lease(&self) -> String {
        format!("projector_{}", self.version)
    }

    /// The lease of the process that builds a replacement.
    pub fn rebuild_lease(&self) -> String {
        format!("rebuild_{}", self.version)
    }

    /// Makes the statements of a connection use these rows. Their schemas come first in the search
    /// path, since later ones may have tables of the same names that are not ours.
    pub(crate) async fn choose(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "select set_config('search_path', $1 || ', ' || current_setting('search_path'), false)
             where not starts_with(current_setting('search_path'), $1 || ', ')",
        )
        .bind(self.schemas().iter().map(|schema| quoted(schema)).collect::<Vec<_>>().join(", "))
        .execute(connection)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
impl From<&[Model]> for Generation {
    fn from(models: &[Model]) -> Self {
        Self::of(models)
    }
}
