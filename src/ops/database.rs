use std::time::Duration;

use anyhow::{Context, anyhow};
use event_store::{Keys, Log};
use projections::{PLANNER, QUERIES};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use url::Url;

use super::{Failure, Options, master_key, shown_url};

/// The log's database for a verb that runs beside a server or alone: the configured one; else the
/// private one of a running server; else the private one, started for as long as the verb runs.
pub(super) struct Database {
    pub(super) pool: PgPool,
    private: Option<embedded::Postgres>,
}

/// Connections of a verb, opened on demand: two for comparing, three for reading ahead, and one for
/// a lease, which would be lost if its renewal had to wait.
const CONNECTIONS_MAX: u32 = 6;
/// Where a running server tells the other verbs how to reach its private PostgreSQL.
pub(super) const URL_FILE: &str = "database-url";

impl Database {
    /// Opens an existing database: a mistyped folder must not look like an empty log.
    pub(super) async fn open(options: &Options) -> Result<Self, Failure> {
        options.check()?;
        let data_dir = options.data_dir();
        if options.database_is_private() && !embedded::is_made(&data_dir) {
            return Err(anyhow!(
                "the data folder {} holds no database (COLLOQUY_DATA_DIR), and DATABASE_URL is \
                 unset",
                data_dir.display()
            )
            .into());
        }
        Self::open_or_make(options).await
    }

    /// As [`Database::open`], but creates a private database if there is none.
    pub(super) async fn open_or_make(options: &Options) -> Result<Self, Failure> {
        options.check()?;
        if let Some(url) = &options.database_url {
            return Ok(Self { pool: connect(url, CONNECTIONS_MAX).await?, private: None });
        }
        let data_dir = options.data_dir();
        if let Ok(url) = std::fs::read_to_string(data_dir.join(URL_FILE))
            && let Ok(pool) = connect(&url, CONNECTIONS_MAX).await
        {
            return Ok(Self { pool, private: None });
        }
        let private = embedded::Postgres::start(&data_dir).await?;
        let pool = connect(private.url(), CONNECTIONS_MAX).await?;
        Ok(Self { pool, private: Some(private) })
    }

    /// The log, with the keys to private values if there is a master key.
    pub(super) async fn log(&self, options: &Options) -> Result<Log, Failure> {
        let keys = match master_key::find(options)? {
            Some(key) => Keys::open(&self.pool, key).await?,
            None => Keys::none(),
        };
        Ok(Log::new(self.pool.clone(), keys))
    }

    pub(super) async fn close(self) -> Result<(), Failure> {
        self.pool.close().await;
        if let Some(private) = self.private {
            private.stop().await?;
        }
        Ok(())
    }
}

/// The parameters that the driver knows, beside `options[…]`. It would ignore any other, and log
/// its value.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Checks a URL; the error says what is expected instead.
pub(super) fn check_url(url: &str) -> Result<(), &'static str> {
    let known = |name: &str| PARAMETERS.contains(&name) || name.starts_with("options[");
    let parsed = Url::parse(url).map_err(|_| "postgres://user:password@host:port/database")?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        Err("postgres://user:password@host:port/database")
    } else if shown_url::has_broken_login(&parsed) {
        Err("a password with /, ?, # and @ written as %2F, %3F, %23 and %40")
    } else if !parsed.query_pairs().all(|(name, _)| known(&name)) {
        Err("no other parameters than sslmode, sslrootcert, sslcert, sslkey, application_name, \
             options")
    } else if url.parse::<PgConnectOptions>().is_err() {
        Err("parameters with values as PostgreSQL's own programs take them")
    } else {
        Ok(())
    }
}

/// A server that takes longer to accept a connection counts as unreachable.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Whether the database can be used, before a pool hides the reason behind a time-out of its own.
async fn look(options: &PgConnectOptions) -> Result<(), Failure> {
    let asked = async {
        let mut connection = PgConnection::connect_with(options).await?;
        let encoding: String = sqlx::query_scalar("select current_setting('server_encoding')")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(encoding)
    };
    let asked = tokio::time::timeout(ANSWERS_WITHIN, asked).await;
    let encoding = asked
        .map_err(|_| anyhow!("no answer within {} s", ANSWERS_WITHIN.as_secs()))
        .and_then(|asked| asked.map_err(anyhow::Error::from))
        .context("cannot connect to PostgreSQL (DATABASE_URL)")?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(anyhow!(
        "the database's encoding is {encoding}, which cannot hold every text: expected one that \
         was made with encoding 'UTF8' (DATABASE_URL)"
    )
    .into())
}

/// A connection that was used within this time is assumed to be alive.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Settings of every connection: PostgreSQL notices that a node is gone or cut off, and rolls back
/// what it left behind.
const ALIVE: &[(&str, &str)] = &[
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "10s"),
    ("client_connection_check_interval", "1s"),
];

/// Settings of a server's connections: what a frozen node left locked is released by the time its
/// leases expire, and no wait is unbounded. A server's transaction has no reason to pause, but a
/// verb's may hold the log for as long as it reads or writes it. Building a read model has no
/// statement time-out (`projector::prepare`).
const SERVER: &[(&str, &str)] = &[
    ("idle_in_transaction_session_timeout", "5s"),
    ("lock_timeout", "10s"),
    ("statement_timeout", "60s"),
];

/// Connections that a server has beside its pools: the appender's, that of the database watch, and
/// the one that holds the lock on the keys.
const OWN: u32 = 3;

/// A server's connection pools, by purpose, so that queries never exhaust the connections on which
/// the log is written and followed.
pub(super) struct Pools {
    /// For commands, followers of the log, and upkeep.
    pub(super) log: PgPool,
    /// For callers' queries.
    pub(super) queries: PgPool,
}

impl Pools {
    /// Brings the schema of the log up to date, however long it takes, and connects.
    pub(super) async fn connect(url: &str, connections_max: u32) -> Result<Self, Failure> {
        let unlimited = connect(url, 1).await?;
        event_store::migrate(&unlimited).await?;
        unlimited.close().await;
        let queries_max = connections_max / 2;
        let log_max = connections_max - queries_max - OWN;
        let options = options(url)?.options(SERVER.iter().copied());
        Ok(Self {
            log: pool(options.clone(), log_max).await?,
            queries: pool(options.options(QUERIES.iter().copied()), queries_max).await?,
        })
    }
}

/// Connections of a verb.
pub(super) async fn connect(url: &str, connections_max: u32) -> Result<PgPool, Failure> {
    let options = options(url)?;
    look(&options).await?;
    pool(options, connections_max).await
}

fn options(url: &str) -> Result<PgConnectOptions, Failure> {
    let options: PgConnectOptions =
        url.parse().context("DATABASE_URL is no PostgreSQL URL: expected postgres://…")?;
    Ok(options.options(PLANNER.iter().chain(ALIVE).copied()))
}

/// A pool of connections to a database.
///
/// By default, the pool pings every connection before it hands it out. That is one more round trip
/// for each query, a quarter of what a small read costs, and guarantees nothing: the connection may
/// break a moment later. Here only a connection that has been idle for a while is pinged: a busy
/// server saves the round trip, a quiet one notices a restart of PostgreSQL before its callers do.
/// A query finds out itself if its connection broke in between: the pool drops a connection that
/// does not answer when it is given back, and a read is repeated on another one
/// ([`event_store::retrying`]). The appender has a connection of its own.
async fn pool(options: PgConnectOptions, connections_max: u32) -> Result<PgPool, Failure> {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for >= TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .context("cannot connect to PostgreSQL (DATABASE_URL)")
        .map_err(Failure::from)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
mod tests {
    use super::*;

    /// Ends every connection of a pool from outside, as a restart does.
    async fn break_all(pool: &PgPool) {
        let database: String =
            sqlx::query_scalar("select current_database()").fetch_one(pool).await.unwrap();
        let mut other = sqlx::PgConnection::connect_with(&pool.connect_options()).await.unwrap();
        sqlx::query(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity
             where datname = $1 and pid <> pg_backend_pid()",
        )
        .bind(database)
        .execute(&mut other)
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_broke_while_it_was_idle_is_not_handed_out() {
        let pool = connect(&embedded::testing::database().await.url, 4).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(pool.acquire().await.unwrap());
        }
        drop(held);
        break_all(&pool).await;
        tokio::time::sleep(TRUSTED_FOR).await;
        for _ in 0..8 {
            sqlx::query("select 1").execute(&pool).await.unwrap();
        }
    }
}
