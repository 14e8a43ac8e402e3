//! Read models that are built from a copy of the log alone must equal those that have lived through
//! all faults.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use embedded::testing;
use sqlx::{Executor, PgPool};

use crate::load::Load;
use crate::progress::Progress;
use crate::world::World;

const DATABASE: &str = "rebuilt";
const BUILT_WITHIN: Duration = Duration::from_secs(600);

pub async fn compare(world: &World, load: &Load, progress: &Progress) {
    let url = world.postgres.url();
    let backup = world.folder().join("backup.dump").display().to_string();
    testing::back_up(url, &backup);
    let create = format!("create database {DATABASE} template template0 encoding 'UTF8'");
    world.db.execute(&*create).await.expect("the name is free");
    let rebuilt_url = url.replacen("/colloquy?", &format!("/{DATABASE}?"), 1);
    testing::restore(&rebuilt_url, &backup);
    let rebuilt = PgPool::connect(&rebuilt_url).await.expect("it was just made");
    let forget = "delete from checkpoints where name <> 'relay'";
    rebuilt.execute(forget).await.expect("PostgreSQL is well");
    let node = world.node_on(&rebuilt_url);
    let until = Instant::now() + BUILT_WITHIN;
    if let Err(what) = world.wait_until_ready(&node, until).await {
        return load.find(format!("the read models could not be built again: {what}"));
    }
    let mut count = 0;
    for table in tables(&world.db).await {
        let (live, again) = (rows(&world.db, &table).await, rows(&rebuilt, &table).await);
        count += live.len();
        let only_live = live.difference(&again).take(2).map(|row| ("only live", row));
        let only_again = again.difference(&live).take(2).map(|row| ("only rebuilt", row));
        for (whose, row) in only_live.chain(only_again) {
            load.find(format!("{table}, {whose}: {row}"));
        }
    }
    progress.checked(format!("read models: {count} rows, the same when built from the log again"));
    rebuilt.close().await;
}

async fn tables(db: &PgPool) -> Vec<String> {
    let found: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', table_schema, table_name)
         from information_schema.tables
         where table_type = 'BASE TABLE'
           and table_schema not in ('public', 'pg_catalog', 'information_schema')
         order by 1",
    )
    .fetch_all(db)
    .await
    .expect("PostgreSQL is well");
    assert!(found.len() >= 5, "{found:?}");
    found
}

async fn rows(db: &PgPool, table: &str) -> BTreeSet<String> {
    // A count that has dropped to zero keeps its row, which a rebuild never creates.
    let which = match table {
        table if table.ends_with(".membership_counts") => "where memberships <> 0",
        table if table.ends_with(".message_counts") => "where messages <> 0",
        _ => "",
    };
    let statement = format!("select left(t::text, 400) || md5(t::text) from {table} t {which}");
    let rows: Vec<String> =
        sqlx::query_scalar(&statement).fetch_all(db).await.expect("PostgreSQL is well");
    rows.into_iter().collect()
}
