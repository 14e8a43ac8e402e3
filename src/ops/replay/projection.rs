use std::time::Instant;

use clap::Args;
use domain::AccountId;
use futures::TryFutureExt;
use projections::replay::Replay;
use sqlx::PgPool;

use super::{Building, advise, model, open, report, until_interrupted};
use crate::ops::{Failure, Options, conversation, output};

const UNCHANGED: &str =
    "the read models shown are unchanged; run the same command again to continue";

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["name", "all", "conversation"])]
pub(in crate::ops) struct Projection {
    /// Read model to rebuild, together with those that it builds on and those that build on it
    #[arg(value_parser = model)]
    name: Option<String>,
    /// Rebuild all read models
    #[arg(long)]
    all: bool,
    /// Rebuild only the rows of this conversation, in all read models; identified by its UUID, its
    /// id in any dialect, or its uid
    #[arg(long)]
    conversation: Option<String>,
    /// Account of the conversation, if it is identified by a number or uid
    #[arg(long, default_value_t = AccountId::FIRST)]
    account: AccountId,
    /// Start over, even if an interrupted run could be resumed
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    building: Building,
}

impl Projection {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let (database, log) = open(&options).await?;
        if let Some(named) = &self.conversation {
            let replay = self.building.replay(&log);
            let refolding = self.refold(&database.pool, &replay, named);
            let refolded =
                until_interrupted(refolding, Some(&replay), "its rows are unchanged").await;
            database.close().await?;
            return output::line(refolded?);
        }
        let names: Vec<&str> = self.name.as_deref().into_iter().collect();
        let begun = Instant::now();
        let mut report = report();
        let replay = self.building.replay(&log);
        let rebuilding = replay.rebuild(&names, self.anew, &mut report).map_err(advise);
        let rebuilt = until_interrupted(rebuilding, Some(&replay), UNCHANGED).await;
        drop(report);
        database.close().await?;
        let position = rebuilt?;
        let which = self.name.as_deref().unwrap_or("all read models");
        output::line(format_args!(
            "{which}: rebuilt up to position {position} in {:.1} s, and in use",
            begun.elapsed().as_secs_f64()
        ))
    }

    async fn refold(&self, pool: &PgPool, replay: &Replay, named: &str) -> Result<String, Failure> {
        let conversation = conversation::find(pool, self.account, named).await?;
        let position = replay.refold(conversation).await.map_err(advise)?;
        Ok(format!("conversation {conversation}: folded anew up to position {position}"))
    }
}
