use std::collections::HashMap;
use std::time::Instant;

use sqlx::{Connection, Executor, PgConnection};

use crate::{Error, Generation};

/// Copies of the read models that no node keeps up to date: those of departed nodes of another
/// version, and of abandoned rebuilds. They are dropped after a while, because they still contain
/// what is erased meanwhile.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    /// By schema: since when no writer was seen.
    since: HashMap<String, Instant>,
}

impl Abandoned {
    /// Drops those that have been abandoned for long.
    pub(super) async fn look(
        &mut self,
        connection: &mut PgConnection,
        own: &Generation,
    ) -> Result<(), Error> {
        let schemas: Vec<String> = sqlx::query_scalar(
            "select name from checkpoints where schema_oid is not null
             union all
             select nspname from pg_namespace where nspname ~ '^colloquy_verify_[0-9]+$'",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(Error::database("look for abandoned read models"))?;
        let held: Vec<String> = sqlx::query_scalar(
            "select name from leases where owner is not null and expires_at > clock_timestamp()",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(Error::database("look for abandoned read models"))?;
        let shown = own.schemas();
        let abandoned = |schema: &String| !shown.contains(schema) && !held.contains(&lease(schema));
        let abandoned: Vec<String> = schemas.into_iter().filter(abandoned).collect();
        self.since.retain(|schema, _| abandoned.contains(schema));
        for schema in abandoned {
            let since = self.since.entry(schema.clone()).or_insert_with(Instant::now);
            if since.elapsed() >= own.kept_for && drop_one(connection, &schema).await? {
                self.since.remove(&schema);
            }
        }
        Ok(())
    }
}

/// Under which lease a schema is written.
fn lease(schema: &str) -> String {
    if schema.starts_with("colloquy_verify_") {
        return schema.to_owned();
    }
    let beside = schema.strip_suffix("_next").or_else(|| schema.strip_suffix("_old"));
    let version = beside.unwrap_or(schema).rsplit_once('_').map(|(_, version)| version);
    match (beside, version) {
        (Some(_), Some(version)) => format!("rebuild_{version}"),
        (_, Some(version)) => format!("projector_{version}"),
        // Before schemas had versions.
        (_, None) => "projector".to_owned(),
    }
}

/// Drops a schema unless a node has started to write it. A node that starts now waits for the
/// lease, and then builds from empty.
async fn drop_one(connection: &mut PgConnection, schema: &str) -> Result<bool, Error> {
    let failed = |source| Error::Database { doing: "drop an abandoned read model", source };
    let lease = lease(schema);
    let mut tx = connection.begin().await.map_err(failed)?;
    sqlx::query("insert into leases (name) values ($1) on conflict do nothing")
        .bind(&lease)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let is_free: Option<bool> = sqlx::query_scalar(
        "select owner is null or expires_at < clock_timestamp() from leases where name = $1 \
         for update",
    )
    .bind(&lease)
    .fetch_optional(&mut *tx)
    .await
    .map_err(failed)?;
    if is_free != Some(true) {
        tx.rollback().await.map_err(failed)?;
        return Ok(false);
    }
    let drop =
        format!("set local client_min_messages = warning; drop schema if exists {schema} cascade");
    tx.execute(drop.as_str()).await.map_err(failed)?;
    for forget in ["delete from checkpoints where name = $1", "delete from leases where name = $2"]
    {
        sqlx::query(&format!("{forget} and ($1::text, $2::text) is not null"))
            .bind(schema)
            .bind(&lease)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    tx.commit().await.map_err(failed)?;
    tracing::info!(schema, "dropped a read model that no node keeps up to date");
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::lease;

    #[test]
    fn a_schema_tells_under_which_lease_it_is_written() {
        for (schema, expected) in [
            ("memberships_4", "projector_4"),
            ("memberships_12_next", "rebuild_12"),
            ("memberships_4_old", "rebuild_4"),
            ("colloquy_verify_4", "colloquy_verify_4"),
            ("memberships", "projector"),
        ] {
            assert_eq!(lease(schema), expected);
        }
    }
}
