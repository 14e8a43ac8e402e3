mod check;
mod history;
mod repair;

use std::time::Duration;

use anyhow::anyhow;
use clap::{ArgGroup, Args};
use event_store::Log;
use relay::{Settings, Whole};

use super::until_interrupted;
use crate::ops::database::Database;
use crate::ops::format::Layout;
use crate::ops::private_nats::Reached;
use crate::ops::progress::Progress;
use crate::ops::{Failure, Options, private_nats};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["check", "repair", "from"])))]
pub(in crate::ops) struct Nats {
    /// Compare every message of the stream with its event; exit status 3 if the stream is wrong
    #[arg(long)]
    check: bool,
    /// Compare, print what has to be done, and do it; works with or without running servers
    #[arg(long)]
    repair: bool,
    /// Repair without asking for confirmation
    #[arg(long, requires = "repair")]
    yes: bool,
    /// Publish history from this position on again, to a separate stream for a new consumer. An
    /// interrupted run resumes when it is started again
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(1..))]
    from: Option<i64>,
    #[command(flatten)]
    history: history::History,
    #[command(flatten)]
    layout: Layout,
}

impl Nats {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let parts = Parts::open(&options).await?;
        let done = match self.from {
            Some(from) => {
                let publishing = self.history.run(&parts, from);
                until_interrupted(publishing, None, "run the same command again to continue").await
            }
            None if self.repair => repair::run(&parts, self.yes).await,
            None => {
                let checking = check::run(&parts, self.layout);
                until_interrupted(checking, None, "no result").await
            }
        };
        parts.close().await?;
        done
    }
}

/// Maximum number of comparisons, with a second between them.
const COMPARED_AGAIN_MAX: usize = 10;

/// The log and the server that its events are published to.
struct Parts {
    database: Database,
    log: Log,
    reached: Reached,
    settings: Settings,
}

impl Parts {
    async fn open(options: &Options) -> Result<Self, Failure> {
        let database = Database::open(options).await?;
        match Self::reach(&database, options).await {
            Ok((log, reached)) => {
                let settings = options.relay(reached.nats.clone())?;
                Ok(Self { database, log, reached, settings })
            }
            Err(failure) => {
                database.close().await?;
                Err(failure)
            }
        }
    }

    async fn reach(database: &Database, options: &Options) -> Result<(Log, Reached), Failure> {
        event_store::migrate(&database.pool).await?;
        let log = database.log(options).await?;
        Ok((log, private_nats::reach(options).await?))
    }

    async fn close(self) -> Result<(), Failure> {
        self.reached.close().await?;
        self.database.close().await
    }

    /// Refuses to publish private values without the master key.
    fn require_master_key(&self) -> Result<(), Failure> {
        if self.log.keys().can_open() || self.settings.payload != relay::Payload::Full {
            return Ok(());
        }
        Err(anyhow!("publishing needs the master key (COLLOQUY_MASTER_KEY), and there is none")
            .into())
    }

    /// Compares the whole stream with the log; `None` if there is no stream. The comparison is
    /// repeated if the stream changes meanwhile, as in a repair by another process.
    async fn compare(&self) -> Result<Option<Whole>, Failure> {
        for _ in 1..COMPARED_AGAIN_MAX {
            match self.compare_once().await {
                Err(relay::Error::Replaced | relay::Error::Stream(_)) => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                compared => return Ok(compared?),
            }
        }
        Ok(self.compare_once().await?)
    }

    async fn compare_once(&self) -> Result<Option<Whole>, relay::Error> {
        let mut progress = None;
        let client = &self.reached.client;
        let compared = relay::check_all(client, &self.settings, &self.log, |done, total| {
            let total = total.max(0).unsigned_abs();
            let progress = progress.get_or_insert_with(|| Progress::new("compared", total, 0));
            progress.set(done.max(0).unsigned_abs());
        });
        let compared = compared.await;
        if let Some(progress) = progress {
            progress.finish();
        }
        compared
    }
}
