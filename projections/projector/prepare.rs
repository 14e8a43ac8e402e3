use std::collections::BTreeSet;

use event_store::Lease;
use sqlx::{Connection, Executor, PgConnection};

use crate::Error;
use crate::model::Model;

/// Makes the schemas of models that are missing or of another version, and of those that build on them: they start
/// from nothing. Whatever was stopped is tried again.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    lease: &Lease,
    models: &[Model],
) -> Result<(), Error> {
    let database = Error::database;
    let mut tx = connection.begin().await.map_err(database("build a read model"))?;
    // Building takes as long as it takes.
    tx.execute("set local statement_timeout = 0").await.map_err(database("build a read model"))?;
    lease.hold(&mut tx).await?;
    let mut built: BTreeSet<&str> = BTreeSet::new();
    for model in models {
        let current: bool = sqlx::query_scalar(
            "select exists (select from pg_namespace where nspname = $1)
                and exists (select from checkpoints where name = $1 and version = $2)",
        )
        .bind(model.name)
        .bind(model.version)
        .fetch_one(&mut *tx)
        .await
        .map_err(database("look for a read model"))?;
        if current && !model.builds_on.iter().any(|basis| built.contains(basis)) {
            continue;
        }
        build(&mut tx, model).await?;
        built.insert(model.name);
    }
    let names: Vec<&str> = models.iter().map(|model| model.name).collect();
    sqlx::query("update checkpoints set stopped = null where name = any($1)")
        .bind(names)
        .execute(&mut *tx)
        .await
        .map_err(database("try stopped projections again"))?;
    tx.commit().await.map_err(database("build a read model"))
}

async fn build(tx: &mut PgConnection, model: &Model) -> Result<(), Error> {
    let database = Error::database;
    tracing::info!(projection = model.name, version = model.version, "building a read model");
    let make = format!(
        "drop schema if exists {name} cascade; create schema {name}; {schema}",
        name = model.name,
        schema = model.schema
    );
    tx.execute(make.as_str()).await.map_err(database("build a read model"))?;
    sqlx::query(
        "insert into checkpoints (name, version, position) values ($1, $2, 0)
         on conflict (name) do update set version = excluded.version, position = 0",
    )
    .bind(model.name)
    .bind(model.version)
    .execute(&mut *tx)
    .await
    .map_err(database("build a read model"))?;
    Ok(())
}
