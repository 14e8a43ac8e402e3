use std::ops::ControlFlow;

use anyhow::anyhow;
use chrono::SecondsFormat;
use clap::Args;
use projections::history::{self, Bounds, Moment, Step};
use serde_json::Value;

use super::Named;
use crate::ops::database::Database;
use crate::ops::format::{Layout, Printer};
use crate::ops::time::{self, Point};
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct Diff {
    #[command(flatten)]
    named: Named,
    /// Moment to compare from: a log position, or a time such as 2026-01-31T14:03:00Z or "2 days
    /// ago"
    #[arg(long, value_name = "MOMENT")]
    from: Point,
    /// Moment to compare to
    #[arg(long, value_name = "MOMENT")]
    to: Point,
    #[command(flatten)]
    layout: Layout,
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
        let now = time::now();
        let moments = (self.from.resolve(now)?, self.to.resolve(now)?);
        let database = Database::open(&options).await?;
        let steps = self.find(&database, &options, moments).await;
        database.close().await?;
        let steps = steps?;
        if self.layout.is_brief() {
            return print_by_event(&steps);
        }
        let mut printer = Printer::new(self.layout, HEADER);
        let _ = printer.print(steps.iter().flat_map(rows).collect())?;
        printer.finish()
    }

    async fn find(
        &self,
        database: &Database,
        options: &Options,
        moments: (Moment, Moment),
    ) -> Result<Vec<Step>, Failure> {
        let log = database.log(options).await?;
        let conversation = self.named.find(database).await?;
        let all = Bounds { steps_max: usize::MAX, bytes_max: usize::MAX };
        let found = history::diff(&log, None, conversation, moments, all).await?;
        let found = found.ok_or_else(|| anyhow!("there was no conversation {conversation} then"));
        Ok(found?.steps)
    }
}

/// For people: each event in a line, and below it what it changed.
fn print_by_event(steps: &[Step]) -> Result<(), Failure> {
    for step in steps {
        let at = step.recorded_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let Step { position, event_type, actor, .. } = step;
        let mut lines = format!("{position}  {at}  {event_type}  by {actor}\n");
        for change in &step.changes {
            let line = match (&change.before, &change.after) {
                (None, Some(after)) => format!("    + {}: {after}\n", change.path),
                (Some(before), None) => format!("    - {}: {before}\n", change.path),
                (before, after) => {
                    let [before, after] = [before, after].map(|v| v.clone().unwrap_or_default());
                    format!("      {}: {before} → {after}\n", change.path)
                }
            };
            lines.push_str(&line);
        }
        if let ControlFlow::Break(()) = output::text(&lines)? {
            break;
        }
    }
    Ok(())
}

/// One row for each change; an event without a visible change has one too.
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
