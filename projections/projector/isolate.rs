use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::Position;
use event_store::{Lease, LogEvent, causes};
use sqlx::{Connection, PgConnection};

use super::trouble;
use crate::changes::Changes;
use crate::model::Model;
use crate::{Error, Generation};

/// An event that failed when it was applied to all models together.
pub(super) struct Isolation<'a> {
    pub(super) lease: &'a Lease,
    pub(super) generation: &'a Generation,
    pub(super) models: &'a [&'a Model],
    pub(super) position: Position,
    pub(super) event: &'a Arc<LogEvent>,
    pub(super) quarantined: &'a BTreeSet<Position>,
}

impl Isolation<'_> {
    /// Applies the event to each model by itself. Models that cannot apply it, and those that build
    /// on one that cannot, stay where they are and are returned with the reasons; the others go on.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        stopped_before: &BTreeMap<&'static str, String>,
    ) -> Result<BTreeMap<&'static str, String>, Error> {
        let mut stopped = BTreeMap::new();
        let changes = Changes::fold(std::slice::from_ref(self.event), self.quarantined);
        let database = Error::database;
        let mut tx = connection.begin().await.map_err(database("isolate a failure"))?;
        for model in self.models {
            let basis = model
                .builds_on
                .iter()
                .find(|name| stopped.contains_key(*name) || stopped_before.contains_key(*name));
            let reason = match basis {
                Some(basis) => Some(format!("it builds on {basis}, which is stopped")),
                None => match &changes {
                    Ok(changes) => try_one(&mut tx, model, changes).await?,
                    Err(error) => Some(causes(error)),
                },
            };
            if let Some(reason) = reason {
                let reason = format!("event at position {}: {reason}", self.position.next());
                tracing::error!(
                    projection = model.name,
                    event.position = self.position.next().get(),
                    error = reason,
                    "projection stopped: the event cannot be applied; the other projections go on. \
                     After the fix: colloquy projection retry"
                );
                stopped.insert(model.name, reason);
            }
        }
        self.note(&mut tx, &stopped).await?;
        let running = |model: &&Model| !stopped.contains_key(model.name);
        let running: Vec<&Model> = self.models.iter().copied().filter(running).collect();
        sqlx::query("select advance_checkpoints($1, $2, $3, $4, $5, $6, $7)")
            .bind(self.lease.name())
            .bind(self.lease.owner())
            .bind(self.lease.epoch())
            .bind(self.generation.names(&running))
            .bind(self.position)
            .bind(self.position.next())
            .bind(&self.event.recorded.digest)
            .execute(&mut *tx)
            .await
            .map_err(database("write a checkpoint"))?;
        tx.commit().await.map_err(database("isolate a failure"))?;
        Ok(stopped)
    }

    /// Records what is stopped, for other nodes and for operators.
    async fn note(
        &self,
        tx: &mut PgConnection,
        stopped: &BTreeMap<&'static str, String>,
    ) -> Result<(), Error> {
        for (name, reason) in stopped {
            sqlx::query("update checkpoints set stopped = $2 where name = $1")
                .bind(self.generation.schema(name))
                .bind(reason)
                .execute(&mut *tx)
                .await
                .map_err(Error::database("note a stopped projection"))?;
        }
        Ok(())
    }
}

/// Applies the changes to one model; returns why they cannot be applied, if they cannot.
async fn try_one(
    tx: &mut PgConnection,
    model: &Model,
    changes: &Changes<'_>,
) -> Result<Option<String>, Error> {
    let Some(argument) = (model.changes)(changes) else { return Ok(None) };
    let database = Error::database;
    let mut attempt = tx.begin().await.map_err(database("isolate a failure"))?;
    let applied = sqlx::query(&format!("select apply_{}($1::text::jsonb)", model.name))
        .bind(argument)
        .execute(&mut *attempt)
        .await
        .map_err(database("apply an event"));
    match applied {
        Ok(_) => {
            attempt.commit().await.map_err(database("isolate a failure"))?;
            Ok(None)
        }
        Err(error) if trouble::is_data(&error) => {
            attempt.rollback().await.map_err(database("isolate a failure"))?;
            Ok(Some(causes(&error)))
        }
        Err(error) => Err(error),
    }
}
