use std::time::Instant;

use clap::Args;

use super::{Building, model, open, report};
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["name", "all"])]
pub(in crate::ops) struct Projection {
    /// The read model; those that it builds on, and that build on it, are built with it
    #[arg(value_parser = model)]
    name: Option<String>,
    /// All read models
    #[arg(long)]
    all: bool,
    /// Begin anew, also if an interrupted run could go on
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    building: Building,
}

impl Projection {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let (database, log) = open(&options).await?;
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
}
