use std::time::Instant;

use clap::Args;
use domain::AccountId;
use event_store::Log;
use sqlx::PgPool;

use super::{Building, model, open, report};
use crate::ops::{Failure, Options, conversation, output};

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["name", "all", "conversation"])]
pub(in crate::ops) struct Projection {
    /// The read model; those that it builds on, and that build on it, are built with it
    #[arg(value_parser = model)]
    name: Option<String>,
    /// All read models
    #[arg(long)]
    all: bool,
    /// Only this conversation's rows, in all read models: its UUID, its id in any dialect, or its
    /// uid
    #[arg(long)]
    conversation: Option<String>,
    /// The account whose number or uid it is
    #[arg(long, default_value_t = AccountId::FIRST)]
    account: AccountId,
    /// Begin anew, also if an interrupted run could go on
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    building: Building,
}

impl Projection {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let (database, log) = open(&options).await?;
        if let Some(named) = &self.conversation {
            let refolded = self.refold(&database.pool, &log, named).await;
            database.close().await?;
            return output::line(refolded?);
        }
        let names: Vec<&str> = self.name.as_deref().into_iter().collect();
        let begun = Instant::now();
        let mut report = report("building");
        let replay = self.building.replay(&log);
        let rebuilt = replay.rebuild(&names, self.anew, &mut report).await;
        drop(report);
        database.close().await?;
        let position = rebuilt?;
        let which = self.name.as_deref().unwrap_or("all read models");
        output::line(format_args!(
            "{which}: built anew up to position {position} in {:.1} s, and shown",
            begun.elapsed().as_secs_f64()
        ))
    }

    async fn refold(&self, pool: &PgPool, log: &Log, named: &str) -> Result<String, Failure> {
        let conversation = conversation::find(pool, self.account, named).await?;
        let position = self.building.replay(log).refold(conversation).await?;
        Ok(format!("conversation {conversation}: folded anew up to position {position}"))
    }
}
