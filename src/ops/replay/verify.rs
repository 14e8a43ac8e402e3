use clap::Args;
use futures::TryFutureExt;
use projections::replay::Difference;
use serde_json::{Value, json};

use super::{Building, advise, model, open, report, until_interrupted};
use crate::ops::format::{Layout, Printer};
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct Verify {
    /// Verify only this read model, together with those that it builds on and those that build on
    /// it
    #[arg(value_parser = model)]
    name: Option<String>,
    /// Fold and compare only this many conversations, chosen at random
    #[arg(long, value_name = "N", conflicts_with = "name",
          value_parser = clap::value_parser!(i64).range(1..))]
    sample: Option<i64>,
    /// Maximum number of differences to print
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u64,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    layout: Layout,
}

impl Verify {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let (database, log) = open(&options).await?;
        let names: Vec<&str> = self.name.as_deref().into_iter().collect();
        let mut differences = Vec::new();
        let mut found = |difference| {
            if (differences.len() as u64) < self.limit {
                differences.push(difference);
            }
        };
        let mut report = report();
        let replay = self.building.replay(&log);
        let verifying = replay.verify(&names, self.sample, &mut report, &mut found);
        let verifying = verifying.map_err(advise);
        let verified = until_interrupted(verifying, Some(&replay), "no result").await;
        drop(report);
        database.close().await?;
        let verified = verified?;
        if verified.differences == 0 {
            return Ok(());
        }
        let mut printer =
            Printer::new(self.layout, &["table", "row", "shown", "log says", "events"]);
        let _ = printer.print(differences.iter().map(|one| row(one, self.layout)).collect())?;
        printer.finish()?;
        output::complain(format_args!(
            "{} of {} rows differ from what the log says at position {}; `colloquy replay \
             projection` builds them anew",
            verified.differences, verified.rows, verified.position
        ));
        Err(Failure::Difference)
    }
}

/// For people, the fields that differ are enough.
fn row(difference: &Difference, layout: Layout) -> Vec<Value> {
    let Difference { table, row, shown, rebuilt, positions } = difference;
    let of = |value: &Option<Value>, other: &Option<Value>| match (value, other) {
        (Some(Value::Object(value)), Some(other)) if layout.is_brief() => {
            let differing = value.iter().filter(|(name, value)| other[name.as_str()] != **value);
            differing.map(|(name, value)| (name.clone(), value.clone())).collect()
        }
        (value, _) => json!(value),
    };
    let (shown, rebuilt) = (of(shown, rebuilt), of(rebuilt, shown));
    vec![json!(table), json!(row), shown, rebuilt, json!(positions)]
}
