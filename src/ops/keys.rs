use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use event_store::{KeysAlone, MasterKey, Rewrapped};
use sqlx::PgPool;

use super::database::Database;
use super::{Failure, Options, given_file, master_key, output, progress};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Print a new master key, for COLLOQUY_MASTER_KEY
    Generate,
    /// Rewrap all keys with another master key; servers must be stopped first, and restarted with
    /// it
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// New master key, base64 of 32 bytes; the current one is COLLOQUY_MASTER_KEY
    #[arg(long, env = "COLLOQUY_NEW_MASTER_KEY", hide_env_values = true)]
    to: Option<String>,
    /// File that contains the new master key
    #[arg(long, env = "COLLOQUY_NEW_MASTER_KEY_FILE")]
    to_file: Option<PathBuf>,
}

impl Keys {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Generate => output::line(MasterKey::generate().to_base64()),
            Self::Rotate(rotate) => rotate.run(options).await,
        }
    }
}

const BATCH_SIZE: i64 = 1000;

impl Rotate {
    /// Rewraps in batches, each a transaction: after an interruption, running it again continues.
    /// If the data folder keeps the new key, it is on the disk before anything is wrapped with it.
    async fn run(mut self, options: Options) -> Result<(), Failure> {
        given_file::take("COLLOQUY_NEW_MASTER_KEY", &mut self.to, self.to_file.as_deref())?;
        let Some(to) = self.to.as_deref().and_then(MasterKey::from_base64) else {
            return Err(Failure::Usage(
                "COLLOQUY_NEW_MASTER_KEY (--to): expected base64 of 32 bytes".to_owned(),
            ));
        };
        let database = Database::open(&options).await?;
        let from = master_key::find(&options)?
            .context("there is no present master key: set COLLOQUY_MASTER_KEY")?;
        if from.id() == to.id() {
            return Err(Failure::Usage("--to is the present master key".to_owned()));
        }
        let _alone = KeysAlone::begin(&database.pool).await?;
        // After an interrupted run, replacing the file may be all that is left.
        let known: Vec<String> =
            sqlx::query_scalar("select id from master_keys").fetch_all(&database.pool).await?;
        if known != [to.id()] {
            master_key::keep_beside(&options, &to)?;
            self.rewrap(&database.pool, from, &to).await?;
        }
        master_key::replace_kept(&options, &to)?;
        output::line(format_args!(
            "all keys are wrapped with master key {}; start every server with it",
            to.id()
        ))?;
        database.close().await
    }

    async fn rewrap(&self, pool: &PgPool, from: MasterKey, to: &MasterKey) -> Result<(), Failure> {
        let keys = event_store::Keys::open(pool, from).await?;
        let total: i64 =
            sqlx::query_scalar("select count(*) from stream_keys").fetch_one(pool).await?;
        let bar = progress::bar("rewrapping", total.unsigned_abs(), 0);
        let (mut wrapped, mut unopened) = (0, Vec::new());
        loop {
            let Rewrapped { found, unopened: of_batch } = keys.rewrap(pool, to, BATCH_SIZE).await?;
            bar.inc(found as u64);
            wrapped += found - of_batch.len();
            unopened.extend(of_batch);
            if found == 0 {
                break;
            }
        }
        bar.finish_and_clear();
        for stream in unopened {
            output::complain(format_args!(
                "the key of stream {stream} does not open with the present master key either: \
                 it stays as it is, and its events unreadable"
            ));
        }
        output::line(format_args!("{wrapped} keys were wrapped anew"))
    }
}
