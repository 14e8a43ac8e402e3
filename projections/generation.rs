use std::sync::Arc;

use sqlx::PgConnection;

use crate::model::{MODELS, Model, VERSION};

/// One copy of the read models: a schema for each, of which the `search_path` of a connection has those that it reads
/// or writes. No statement names a schema, so that the same ones serve what is shown, what is built beside it and what
/// is built to look into.
#[derive(Debug, Clone)]
pub struct Generation {
    pub(crate) models: Arc<[Model]>,
    pub(crate) version: i32,
}

impl Generation {
    /// What nodes of this version show.
    pub fn live() -> Self {
        Self::of(MODELS)
    }

    /// The same of these models.
    pub(crate) fn of(models: &[Model]) -> Self {
        Self { models: models.into(), version: VERSION }
    }

    /// The schema of a model, which is also the name of its checkpoint.
    pub fn schema(&self, model: &str) -> String {
        format!("{model}_{}", self.version)
    }

    /// The schemas of all models, in their order.
    pub(crate) fn schemas(&self) -> Vec<String> {
        self.models.iter().map(|model| self.schema(model.name)).collect()
    }

    /// The checkpoints of some of its models.
    pub(crate) fn names(&self, models: &[&Model]) -> Vec<String> {
        models.iter().map(|model| self.schema(model.name)).collect()
    }

    /// The lease under which they are written. Each version has its own: its nodes alone know how to write it.
    pub fn lease(&self) -> String {
        format!("projector_{}", self.version)
    }

    /// Has the statements of a connection be about these rows. They come before what the connection finds otherwise,
    /// which may have tables of the same names that are not ours.
    pub(crate) async fn choose(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "select set_config('search_path', $1 || ', ' || current_setting('search_path'), false)
             where not starts_with(current_setting('search_path'), $1 || ', ')",
        )
        .bind(self.schemas().join(", "))
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
