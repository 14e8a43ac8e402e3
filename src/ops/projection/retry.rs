use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use projections::Status;
use sqlx::PgPool;

use crate::ops::database::Database;
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct Retry {
    /// Read model to retry; those that stopped because of it are retried with it
    #[arg(value_parser = crate::ops::replay::model)]
    name: String,
}

/// How long to wait for a node to try again, which it does within two seconds.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Retry {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let retried = self.retry(&database.pool).await;
        database.close().await?;
        output::line(retried?)
    }

    async fn retry(&self, pool: &PgPool) -> Result<String, Failure> {
        let name = &self.name;
        let tried = projections::retry(pool, name).await?;
        let Some((schema, position)) =
            tried.iter().find(|(schema, _)| schema.starts_with(name.as_str()))
        else {
            return Ok(format!("{name} is not stopped: there is nothing to try again"));
        };
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            let found = Status::read(pool).await?;
            let Some(status) = found.iter().find(|one| one.generation == *schema) else { break };
            if let Some(reason) = &status.stopped {
                return Err(anyhow!("{name} stopped again: {reason}").into());
            }
            if status.position > *position {
                return Ok(format!("{name} resumed after position {position}"));
            }
            if status.owner.is_none() {
                return Ok(format!(
                    "{name} is tried again at position {position} as soon as a server runs"
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(anyhow!("no server has tried {name} within {} s: see its log", PATIENCE.as_secs())
            .into())
    }
}
