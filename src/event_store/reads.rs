//! Repeats reads whose connection turned out to be broken.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::causes;

/// Maximum number of attempts. A broken connection leaves the pool when a query fails on it, so a
/// read can meet as many as the pool holds before it gets a new one. This is more than the largest
/// pool that can be configured.
const TRIES_MAX: u32 = 1024;
/// No further attempt begins after this long: the caller is waiting.
const TRYING_FOR: Duration = Duration::from_secs(2);
/// Pause between attempts when no connection could be made: such an attempt removes no broken
/// connection from the pool, and the server needs a moment to come back.
const PAUSE: Duration = Duration::from_millis(20);

/// Repeats a read on another connection when the one that it was given turned out to be broken.
///
/// The pool hands out recently used connections without checking that they are alive, which saves a
/// round trip for every read. After a restart of PostgreSQL, or a failover, all idle connections
/// are broken, and the first query on each fails at once. So the next attempt follows at once, as
/// often as there may be broken connections in the pool, but for no more than two seconds.
///
/// Only for operations that may run twice: a broken connection does not tell how far the server
/// got.
///
/// Takes `async || …` as well as `|| …`. The bound is `Fn` and not `AsyncFn`, because the compiler
/// cannot tell that an `AsyncFn`'s futures are `Send`, as a handler's must be.
///
/// # Errors
/// The operation's last error; one that is not the connection's fault is returned at once.
pub async fn retrying<T, F>(operation: impl Fn() -> F) -> Result<T, sqlx::Error>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let started = Instant::now();
    for _ in 1..TRIES_MAX {
        let error = match operation().await {
            Err(error) if is_broken_connection(&error) => error,
            outcome => return outcome,
        };
        if started.elapsed() >= TRYING_FOR {
            return Err(error);
        }
        tracing::debug!(error = causes(&error), "repeating a read");
        if could_not_connect(&error) {
            tokio::time::sleep(PAUSE).await;
        }
    }
    operation().await
}

/// The connection failed, not the statement.
///
/// Besides the driver's own errors, these are the ones that the server sends as it hangs up or
/// starts (<https://www.postgresql.org/docs/current/errcodes-appendix.html>): class 08, a failed
/// connection, and 57P01 `admin_shutdown`, 57P02 `crash_shutdown`, 57P03 `cannot_connect_now`.
/// 57014 `query_canceled` and 57P05 `idle_session_timeout` are not among them: they are decisions
/// about the query or the session.
fn is_broken_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03")
        }),
        _ => false,
    }
}

/// No connection could be opened. The unix socket of a server that is not running does not exist,
/// hence `NotFound`.
fn could_not_connect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => {
            matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sqlx::postgres::PgPoolOptions;
    use sqlx::{Connection, PgConnection, PgPool};
    use tokio::task::JoinSet;

    use super::*;

    const POOL_SIZE: u32 = 20;

    /// A full pool whose connections the server has all ended without the pool noticing.
    async fn broken_pool() -> PgPool {
        let database = embedded::testing::database().await;
        let pool = PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .test_before_acquire(false)
            .connect(&database.url)
            .await
            .unwrap();
        let mut held = Vec::new();
        for _ in 0..POOL_SIZE {
            held.push(pool.acquire().await.unwrap());
        }
        drop(held);
        while pool.num_idle() < POOL_SIZE as usize {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        let ended: Vec<bool> = sqlx::query_scalar(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .fetch_all(&mut other)
        .await
        .unwrap();
        assert_eq!(ended, [true; POOL_SIZE as usize]);
        pool
    }

    async fn read(pool: &PgPool) -> Result<i32, sqlx::Error> {
        sqlx::query_scalar("select 42").fetch_one(pool).await
    }

    #[tokio::test]
    async fn a_read_gets_past_every_broken_connection_of_the_pool() {
        let pool = broken_pool().await;
        let tries = AtomicU32::new(0);
        let answer = retrying(async || {
            tries.fetch_add(1, Ordering::SeqCst);
            read(&pool).await
        });
        assert_eq!(answer.await.unwrap(), 42);
        assert!((2..=POOL_SIZE + 1).contains(&tries.into_inner()));
    }

    #[tokio::test]
    async fn without_it_a_read_fails_with_an_error_that_it_would_repeat() {
        let error = read(&broken_pool().await).await.unwrap_err();
        assert!(is_broken_connection(&error), "{error:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_read_of_many_at_once_fails() {
        let pool = broken_pool().await;
        let mut reads = JoinSet::new();
        for _ in 0..200 {
            let pool = pool.clone();
            reads.spawn(async move { retrying(async || read(&pool).await).await });
        }
        for answer in reads.join_all().await {
            assert_eq!(answer.unwrap(), 42);
        }
    }

    #[tokio::test]
    async fn an_error_of_the_statement_is_returned_at_once() {
        let database = embedded::testing::database().await;
        let pool = database.pool().await;
        let tries = AtomicU32::new(0);
        let answer = retrying(async || {
            tries.fetch_add(1, Ordering::SeqCst);
            sqlx::query("select 1 / 0").execute(&pool).await
        });
        let error = answer.await.unwrap_err();
        let code = error.as_database_error().and_then(|error| error.code()).unwrap();
        assert_eq!((&*code, tries.into_inner()), ("22012", 1));
    }

    #[tokio::test(start_paused = true)]
    async fn it_gives_up_in_the_end() {
        let tries = AtomicU32::new(0);
        let answer: Result<(), _> = retrying(async || {
            tries.fetch_add(1, Ordering::SeqCst);
            Err(sqlx::Error::Io(ErrorKind::BrokenPipe.into()))
        })
        .await;
        assert!(matches!(answer, Err(sqlx::Error::Io(_))));
        assert_eq!(tries.into_inner(), TRIES_MAX);
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_not_waited_for_without_end() {
        let started = Instant::now();
        let answer: Result<(), _> =
            retrying(async || Err(sqlx::Error::Io(ErrorKind::NotFound.into()))).await;
        assert!(answer.is_err());
        assert!((TRYING_FOR..TRYING_FOR * 2).contains(&started.elapsed()));
    }
}
