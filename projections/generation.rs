use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;

use crate::model::{MODELS, Model, VERSION};

/// As statements name it: an operator may have chosen it.
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
    /// From so many events behind, it is filled in large steps.
    pub(crate) far_behind: i64,
}

/// In which schemas the models are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Each in its own, whose name ends like this after the version.
    Each(&'static str),
    /// All in this one.
    One(String),
}

/// A rollback within this time finds its rows still there. No longer, because rows that no node
/// keeps up to date still contain what is erased meanwhile.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Below this, small steps are as fast.
const FAR_BEHIND: i64 = 5_000;
/// What names of schemas end with.
const NEXT: &str = "_next";
const OLD: &str = "_old";

impl Generation {
    /// What nodes of this version show.
    pub fn live() -> Self {
        Self::of(MODELS)
    }

    /// The same of these models.
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

    /// The copy that is built beside it.
    pub(crate) fn next(&self) -> Self {
        Self { place: Place::Each(NEXT), ..self.clone() }
    }

    /// The copy that another one took the place of.
    pub(crate) fn old(&self) -> Self {
        Self { place: Place::Each(OLD), ..self.clone() }
    }

    /// The schema, and the lease, of what is compared with it. It is dropped at sight, so its name
    /// is one that no other test has in a shared database.
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

    /// The checkpoints of some of its models; one in a single schema has none.
    pub(crate) fn names(&self, models: &[&Model]) -> Vec<String> {
        match self.place {
            Place::Each(_) => models.iter().map(|model| self.schema(model.name)).collect(),
            Place::One(_) => vec![],
        }
    }

    /// The lease under which they are written. Each version has its own: its nodes alone know how
    /// to write it.
    pub fn lease(&self) -> String {
        format!("projector_{}", self.version)
    }

    /// The lease of who builds a copy beside it.
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
