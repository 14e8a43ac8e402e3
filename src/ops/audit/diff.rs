use chrono::SecondsFormat;
use clap::Args;
use projections::history::{self, Bounds, Moment, Step, Steps};
use serde_json::Value;
use uuid::Uuid;

use crate::ops::database::Database;
use crate::ops::format::{Format, Printer};
use crate::ops::{Failure, Options};

#[derive(Debug, Args)]
pub(in crate::ops) struct Diff {
    /// The conversation
    #[arg(value_parser = super::conversation)]
    conversation: Uuid,
    /// The moment to compare from: a log position, or a time such as 2026-01-31T14:03:00Z
    #[arg(long)]
    from: Moment,
    /// The moment to compare to
    #[arg(long)]
    to: Moment,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HEADER: &[&str] = &[
    "position",
    "recorded_at",
    "event_type",
    "actor",
    "request_id",
    "property",
    "before",
    "after",
];

impl Diff {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let log = database.log(&options).await?;
        let all = Bounds { steps_max: usize::MAX, bytes_max: usize::MAX };
        let moments = (self.from, self.to);
        let found = history::diff(&log, None, self.conversation, moments, all).await?;
        database.close().await?;
        let Some(Steps { steps, .. }) = found else {
            return Err(
                anyhow::anyhow!("there was no conversation {} then", self.conversation).into()
            );
        };
        let mut printer = Printer::new(self.format, HEADER);
        let _ = printer.print(steps.iter().flat_map(rows).collect())?;
        printer.finish()
    }
}

/// One row for each change; an event that changed nothing that is shown has one too.
fn rows(step: &Step) -> Vec<Vec<Value>> {
    let row = |path: &str, before: Option<&Value>, after: Option<&Value>| {
        vec![
            step.position.into(),
            step.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true).into(),
            step.event_type.clone().into(),
            step.actor.clone().into(),
            step.request_id.clone().into(),
            path.into(),
            before.cloned().unwrap_or_default(),
            after.cloned().unwrap_or_default(),
        ]
    };
    if step.changes.is_empty() {
        return vec![row("(event)", None, Some(&step.event))];
    }
    step.changes
        .iter()
        .map(|change| row(&change.path, change.before.as_ref(), change.after.as_ref()))
        .collect()
}
