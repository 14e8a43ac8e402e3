use clap::Args;
use projections::Report;
use serde_json::Value;

use crate::ops::database::Database;
use crate::ops::format::{Layout, Printer};
use crate::ops::{Failure, Options};

#[derive(Debug, Args)]
pub(in crate::ops) struct Status {
    #[command(flatten)]
    layout: Layout,
}

/// Fields of a report: all, and those that fit into a line.
const ALL: &[&str] = &[
    "model",
    "version",
    "generation",
    "state",
    "position",
    "lag",
    "lag_s",
    "percent",
    "rate",
    "left_s",
    "owner",
    "epoch",
    "stopped",
];
const BRIEF: &[&str] =
    &["generation", "state", "position", "lag", "lag_s", "percent", "rate", "left_s", "stopped"];

impl Status {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let reports = Report::all(&database.pool).await;
        database.close().await?;
        let header = if self.layout.is_brief() { BRIEF } else { ALL };
        let mut printer = Printer::new(self.layout, header);
        let row = |report: &Report| -> Result<Vec<Value>, Failure> {
            let report = serde_json::to_value(report)?;
            Ok(header.iter().map(|name| render(&report[*name], self.layout)).collect())
        };
        let rows: Result<Vec<_>, _> = reports?.iter().map(row).collect();
        let _ = printer.print(rows?)?;
        printer.finish()
    }
}

/// Rounds fractions to one decimal for people.
fn render(value: &Value, layout: Layout) -> Value {
    match value.as_f64().filter(|_| value.is_f64() && layout.is_brief()) {
        Some(number) => format!("{number:.1}").into(),
        None => value.clone(),
    }
}
