use sqlx::{Executor, PgConnection, PgPool};

use super::{TestDatabase, databases, servers};

/// A fresh copy of a template database, which the first test of the run fills. The template's name
/// identifies its content.
pub async fn copy_of<E: std::error::Error>(
    template: &str,
    fill: impl AsyncFnOnce(&PgPool) -> Result<(), E>,
) -> TestDatabase {
    let servers = servers().await;
    let mut connection = servers.connect().await;
    databases::drop_old(&mut connection).await;
    if !is_there(&mut connection, template).await {
        let url = servers.postgres_url(template);
        make(&mut connection, template, TestDatabase { url }, fill).await;
    }
    let name = databases::name();
    run(&mut connection, format!("create database {name} template {template}")).await;
    TestDatabase { url: servers.postgres_url(&name) }
}

/// Creates the template. Each test may be a separate process: one creates it, the others wait for
/// an advisory lock, which ends with the connection.
async fn make<E: std::error::Error>(
    connection: &mut PgConnection,
    template: &str,
    database: TestDatabase,
    fill: impl AsyncFnOnce(&PgPool) -> Result<(), E>,
) {
    run(connection, format!("select pg_advisory_lock(hashtext('{template}'))")).await;
    if !is_there(connection, template).await {
        // An unfinished template may be left by a test that was killed.
        run(connection, format!("drop database if exists {template} with (force)")).await;
        run(connection, format!("create database {template}")).await;
        let pool = database.pool().await;
        fill(&pool).await.expect("an empty database can be filled");
        pool.close().await;
        // PostgreSQL copies a database only while it has no connections.
        let done = format!("alter database {template} is_template true allow_connections false");
        run(connection, done).await;
    }
    run(connection, format!("select pg_advisory_unlock(hashtext('{template}'))")).await;
}

async fn is_there(connection: &mut PgConnection, template: &str) -> bool {
    sqlx::query_scalar(
        "select exists (select from pg_database where datname = $1 and datistemplate)",
    )
    .bind(template)
    .fetch_one(connection)
    .await
    .expect("the run's PostgreSQL answers")
}

async fn run(connection: &mut PgConnection, statement: String) {
    let done = connection.execute(statement.as_str()).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::unique;
    use super::*;

    async fn has_table(database: &TestDatabase) -> bool {
        let found = "select exists (select from pg_class where relname = 'filled')";
        sqlx::query_scalar(found).fetch_one(&database.pool().await).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_who_ask_at_once_get_copies_of_what_was_filled_once() {
        let (template, filled) = (unique("filled"), AtomicU32::new(0));
        let copy = || {
            copy_of(&template, async |pool: &PgPool| {
                filled.fetch_add(1, Ordering::SeqCst);
                pool.execute("create table filled ()").await.map(drop)
            })
        };
        // As left by a test that was killed while filling the template.
        let servers = servers().await;
        let mut connection = servers.connect().await;
        run(&mut connection, format!("create database {template}")).await;
        let (one, two, three) = tokio::join!(copy(), copy(), copy());
        assert!(one.url != two.url && two.url != three.url);
        for database in [one, two, three] {
            assert!(has_table(&database).await);
        }
        assert_eq!(filled.into_inner(), 1);
    }
}
