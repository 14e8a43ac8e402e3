use std::collections::BTreeSet;

use event_store::Lease;
use sqlx::{Connection, Executor, PgConnection};

use crate::model::Model;
use crate::{Error, Generation};

/// Identifies this database; a dump that is restored elsewhere does not carry it along.
const DATABASE: &str = "(select format('%s/%s', s.system_identifier, d.oid)
                         from pg_control_system() s
                         join pg_database d on d.datname = current_database())";

/// Creates the schemas of models that are missing or were not built in this database (a restore
/// made them, and its triggers may have counted rows twice), and of those that build on them: they
/// start empty. Stopped models are tried again.
pub(crate) async fn prepare(
    connection: &mut PgConnection,
    lease: &Lease,
    generation: &Generation,
) -> Result<(), Error> {
    let database = Error::database;
    let mut tx = connection.begin().await.map_err(database("build a read model"))?;
    // Building may take long.
    tx.execute("set local statement_timeout = 0").await.map_err(database("build a read model"))?;
    lease.hold(&mut tx).await?;
    let mut built: BTreeSet<&str> = BTreeSet::new();
    for model in generation.models.iter() {
        let schema = generation.schema(model.name);
        let current: bool = sqlx::query_scalar(&format!(
            "select exists (
                 select from checkpoints
                 where name = $1
                   and schema_oid = to_regnamespace(name)
                   and database = {DATABASE})"
        ))
        .bind(&schema)
        .fetch_one(&mut *tx)
        .await
        .map_err(database("look for a read model"))?;
        if current && !model.builds_on.iter().any(|basis| built.contains(basis)) {
            continue;
        }
        build(&mut tx, generation, model).await?;
        built.insert(model.name);
    }
    sqlx::query("update checkpoints set stopped = null where name = any($1)")
        .bind(generation.schemas())
        .execute(&mut *tx)
        .await
        .map_err(database("try stopped projections again"))?;
    tx.commit().await.map_err(database("build a read model"))
}

/// Creates the indexes that models go without while they are filled, where they are missing.
pub(crate) async fn index(
    connection: &mut PgConnection,
    lease: &Lease,
    generation: &Generation,
) -> Result<(), Error> {
    let failed = Error::database;
    let mut tx = connection.begin().await.map_err(failed("index a read model"))?;
    // Notices about existing indexes are of no use.
    let settings = "set local statement_timeout = 0; set local client_min_messages = warning";
    tx.execute(settings).await.map_err(failed("index a read model"))?;
    for model in generation.models.iter() {
        // Looked up first: creating an index waits for the table's other users even if it exists.
        let are_there: bool = sqlx::query_scalar(
            "select bool_and(to_regclass(format('%I.%I', $1, name)) is not null)
             from unnest($2::text[]) name",
        )
        .bind(generation.schema(model.name))
        .bind(model.index_names().collect::<Vec<_>>())
        .fetch_one(&mut *tx)
        .await
        .map(|are_there: Option<bool>| are_there.unwrap_or(true))
        .map_err(failed("index a read model"))?;
        if are_there {
            continue;
        }
        tx.execute(model.indexes).await.map_err(failed("index a read model"))?;
    }
    lease.hold(&mut tx).await?;
    tx.commit().await.map_err(failed("index a read model"))
}

/// Creates an empty model, on a connection for the generation.
async fn build(tx: &mut PgConnection, generation: &Generation, model: &Model) -> Result<(), Error> {
    let database = Error::database;
    let schema = generation.schema(model.name);
    tracing::info!(projection = model.name, schema, "building a read model");
    let path: String = sqlx::query_scalar("select current_setting('search_path')")
        .fetch_one(&mut *tx)
        .await
        .map_err(database("build a read model"))?;
    let make = format!(
        "drop schema if exists {schema} cascade;
         create schema {schema};
         set local search_path = {schema}, {path};
         {}
         set local search_path = {path}",
        model.schema
    );
    tx.execute(make.as_str()).await.map_err(database("build a read model"))?;
    sqlx::query(&format!(
        "insert into checkpoints (name, version, position, database, schema_oid)
         values ($1, $2, 0, {DATABASE}, to_regnamespace($1))
         on conflict (name) do update
         set version = excluded.version,
             position = 0,
             database = excluded.database,
             schema_oid = excluded.schema_oid"
    ))
    .bind(schema)
    .bind(generation.version)
    .execute(&mut *tx)
    .await
    .map_err(database("build a read model"))?;
    Ok(())
}
