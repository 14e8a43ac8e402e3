use std::time::Duration;

use anyhow::Context;
use event_store::{Keys, Log};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::{Failure, Options, master_key};

/// The log's database for a verb that runs beside a server or alone: the configured one; else the private one
/// of a running server; else the private one, started for as long as the verb runs.
pub(super) struct Database {
    pub(super) pool: PgPool,
    private: Option<embedded::Postgres>,
}

/// Where a running server tells the other verbs how to reach its private PostgreSQL.
pub(super) const URL_FILE: &str = "database-url";

impl Database {
    pub(super) async fn open(options: &Options) -> Result<Self, Failure> {
        options.check()?;
        if let Some(url) = &options.database_url {
            return Ok(Self { pool: connect(url, 4).await?, private: None });
        }
        let data_dir = options.data_dir();
        if let Ok(url) = std::fs::read_to_string(data_dir.join(URL_FILE))
            && let Ok(pool) = connect(&url, 4).await
        {
            return Ok(Self { pool, private: None });
        }
        let private = embedded::Postgres::start(&data_dir).await?;
        let pool = connect(private.url(), 4).await?;
        Ok(Self { pool, private: Some(private) })
    }

    /// The log, with the keys to what is sealed if the master key is at hand.
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

pub(super) async fn connect(url: &str, connections_max: u32) -> Result<PgPool, Failure> {
    PgPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(10))
        .connect(url)
        .await
        .context("cannot connect to PostgreSQL (DATABASE_URL)")
        .map_err(Failure::from)
}
