//! The databases of a run's tests, all in one cluster. Those of finished tests are dropped: a
//! thousand of them would take a dozen gigabytes.

use sqlx::{Executor, PgConnection};

use super::unique;
use crate::child;

/// Prefix of the names of databases that tests create for themselves.
const PREFIX: &str = "test";
/// How many databases of finished tests may be left.
const LEFT_MAX: usize = 40;
/// Databases dropped at once. Each drop takes a checkpoint, and a test that is about to begin
/// should not wait long.
const DROPPED_AT_ONCE: usize = 4;

/// A free name that contains the pid of the process it is for.
pub(super) fn name() -> String {
    name_for(PREFIX, std::process::id())
}

fn name_for(prefix: &str, process: u32) -> String {
    unique(&format!("{prefix}_{process}"))
}

/// Drops some databases of finished tests if there are many; one process at a time does it.
pub(super) async fn drop_old(connection: &mut PgConnection) {
    drop_old_of(connection, PREFIX, LEFT_MAX).await;
}

async fn drop_old_of(connection: &mut PgConnection, prefix: &str, left_max: usize) {
    let mut old = named(connection, prefix).await;
    old.retain(|name| is_of_an_ended_process(prefix, name));
    if old.len() <= left_max {
        return;
    }
    let lock = format!("select pg_try_advisory_lock(hashtext('drop {prefix}'))");
    if fetch::<bool>(connection, &lock).await != [true] {
        return;
    }
    for name in old.iter().take(DROPPED_AT_ONCE) {
        // Servers of the test may still be exiting; a database in use is dropped next time.
        let drop = format!("drop database if exists {name} with (force)");
        let _ = connection.execute(drop.as_str()).await;
    }
    let unlock = format!("select pg_advisory_unlock(hashtext('drop {prefix}'))");
    fetch::<bool>(connection, &unlock).await;
}

/// The databases whose names begin with the prefix, oldest first.
async fn named(connection: &mut PgConnection, prefix: &str) -> Vec<String> {
    let query = format!(
        "select datname from pg_database where starts_with(datname, '{prefix}_') order by oid"
    );
    fetch(connection, &query).await
}

fn is_of_an_ended_process(prefix: &str, name: &str) -> bool {
    let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let process = rest.and_then(|rest| rest.split('_').next()).and_then(|pid| pid.parse().ok());
    process.is_some_and(|pid| !child::is_alive(pid))
}

async fn fetch<T>(connection: &mut PgConnection, query: &str) -> Vec<T>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    sqlx::query_scalar(query).fetch_all(connection).await.expect("the run's PostgreSQL answers")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::servers;
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn databases_of_ended_tests_are_dropped_when_they_are_many_and_no_others() {
        let mut connection = servers().await.connect().await;
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        // Other tests neither count nor drop databases with this prefix.
        let prefix = &unique("old")[.."old_".len() + 8];
        let running = name_for(prefix, std::process::id());
        for name in [&name_for(prefix, ended.id()), &name_for(prefix, ended.id()), &running] {
            connection.execute(format!("create database {name}").as_str()).await.unwrap();
        }

        drop_old_of(&mut connection, prefix, 2).await;
        assert_eq!(named(&mut connection, prefix).await.len(), 3);

        drop_old_of(&mut connection, prefix, 1).await;
        assert_eq!(named(&mut connection, prefix).await, [running]);
    }
}
