use anyhow::anyhow;
use clap::Args;
use domain::Position;
use futures::TryFutureExt;

use super::{Building, advise, model, open, report, until_interrupted};
use crate::ops::audit::position;
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct WhatIf {
    /// Read model to build, together with those that it builds on and those that build on it
    #[arg(value_parser = model)]
    name: String,
    /// Position of the newest event to include
    #[arg(long, value_name = "POSITION", value_parser = position())]
    until: Position,
    /// Schema to create. Nothing updates or drops it, and text that is erased later stays in it
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    schema: String,
    #[command(flatten)]
    building: Building,
}

impl WhatIf {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let (database, log) = open(&options).await?;
        let head = log.head().await?;
        let built = match self.until <= head {
            true => {
                let mut report = report();
                let replay = self.building.replay(&log);
                let building = replay.what_if(&self.name, self.until, &self.schema, &mut report);
                until_interrupted(
                    building.map_err(advise),
                    Some(&replay),
                    "there is no such schema",
                )
                .await
            }
            false => {
                Err(anyhow!("there is no event at position {}: the log ends at {head}", self.until)
                    .into())
            }
        };
        database.close().await?;
        built?;
        output::line(format_args!(
            "{} as of position {}: schema {}; drop it when it has served, what is erased later \
             stays in it",
            self.name, self.until, self.schema
        ))
    }
}
