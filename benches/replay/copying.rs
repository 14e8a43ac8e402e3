//! The upper bound for filling tables: COPY of the same rows into tables with the same indexes.

use sqlx::Executor;

use crate::installation::Installation;
use crate::timed;

/// Writes the rows of all read models to files and reads them into empty copies, one table after
/// the other. Returns the seconds that the reading took, and the number of rows.
pub async fn all(installation: &Installation) -> (f64, u64) {
    let pool = installation.log.pool();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select t.schemaname::text, t.tablename::text
         from pg_tables t
         join checkpoints c on c.name = t.schemaname
         order by 1, 2",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    pool.execute("create schema copied").await.unwrap();
    let (mut seconds, mut rows) = (0.0, 0);
    for (schema, table) in &tables {
        let columns: String = sqlx::query_scalar(
            "select string_agg(quote_ident(attname), ', ' order by attnum)
             from pg_attribute
             where attrelid = format('%I.%I', $1, $2)::regclass
               and attnum > 0 and not attisdropped and attgenerated = ''",
        )
        .bind(schema)
        .bind(table)
        .fetch_one(pool)
        .await
        .unwrap();
        // PostgreSQL itself writes and reads the file, so no client takes part; its user can write
        // to `/tmp`.
        let file = format!("/tmp/{}", embedded::testing::unique(table));
        let search_path = format!("set search_path = {schema}, public");
        let mut connection = pool.acquire().await.unwrap();
        connection.execute(search_path.as_str()).await.unwrap();
        let write = format!("copy {schema}.{table} ({columns}) to '{file}'");
        rows += connection.execute(write.as_str()).await.unwrap().rows_affected();
        let like = format!("create table copied.{table} (like {schema}.{table} including all)");
        connection.execute(like.as_str()).await.unwrap();
        let read = format!("copy copied.{table} ({columns}) from '{file}'");
        seconds += timed(connection.execute(read.as_str())).await.1;
        connection.execute("reset search_path").await.unwrap();
        let _ = std::fs::remove_file(file);
    }
    pool.execute("drop schema copied cascade").await.unwrap();
    (seconds, rows)
}
