//! The databases of a run's tests, all in one cluster. Those of tests that have ended go again: a
//! thousand of them would take a dozen gigabytes.

use sqlx::{Executor, PgConnection};

use super::unique;
use crate::child;

/// How many may be left of tests that have ended.
const LEFT_MAX: usize = 40;
/// To drop one is a checkpoint, for which a test that is about to begin should not wait long.
const DROPPED_AT_ONCE: usize = 4;

/// A name that is free and says which process it is for.
pub(super) fn name() -> String {
    unique(&format!("test_{}", std::process::id()))
}

fn is_of_an_ended_process(name: &str) -> bool {
    let process = name.strip_prefix("test_").and_then(|rest| rest.split('_').next());
    process.and_then(|pid| pid.parse().ok()).is_some_and(|pid| !child::is_alive(pid))
}

/// Drops some of what ended tests left if it has become much; one process at a time does it.
pub(super) async fn drop_old(connection: &mut PgConnection) {
    let names = "select datname from pg_database where datname like 'test\\_%' order by oid";
    let mut old: Vec<String> = fetch(connection, names).await;
    old.retain(|name| is_of_an_ended_process(name));
    if old.len() <= LEFT_MAX {
        return;
    }
    let ours: Vec<bool> =
        fetch(connection, "select pg_try_advisory_lock(hashtext('drop_old'))").await;
    if ours != [true] {
        return;
    }
    for name in old.iter().take(DROPPED_AT_ONCE) {
        // Servers of the test may still be ending; what cannot be dropped yet is dropped next time.
        let drop = format!("drop database if exists {name} with (force)");
        let _ = connection.execute(drop.as_str()).await;
    }
    fetch::<bool>(connection, "select pg_advisory_unlock(hashtext('drop_old'))").await;
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

    use super::super::{servers, wait_until};
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn databases_of_ended_tests_are_dropped_when_they_are_many_and_no_others() {
        let mut connection = servers().await.connect().await;
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let new = name();
        let old = |_| unique(&format!("test_{}", ended.id()));
        let mut names: Vec<String> = (0..=LEFT_MAX).map(old).collect();
        names.push(new.clone());
        for name in &names {
            connection.execute(format!("create database {name}").as_str()).await.unwrap();
        }
        wait_until("some are dropped", async || {
            let mut connection = servers().await.connect().await;
            drop_old(&mut connection).await;
            let left = fetch::<String>(&mut connection, "select datname from pg_database").await;
            assert!(left.contains(&new));
            !names.iter().all(|name| left.contains(name))
        })
        .await;
    }
}
