use std::collections::BTreeSet;

use anyhow::anyhow;
use clap::Args;
use domain::Position;
use projections::history::{self, Moment};
use serde_json::{Map, Value};

use super::Named;
use crate::ops::database::Database;
use crate::ops::format::{Format, Layout, Printer};
use crate::ops::time::{self, When};
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct State {
    #[command(flatten)]
    named: Named,
    /// Show the state at this time, such as 2026-01-31T14:03:00Z, "2026-01-31 14:03" or "2 days
    /// ago" (default: now)
    #[arg(long, value_name = "TIME", conflicts_with = "position")]
    at: Option<When>,
    /// Show the state after the event at this position
    #[arg(long)]
    position: Option<Position>,
    /// Show the state as the member with this uid saw it
    #[arg(long, value_name = "UID")]
    member: Option<String>,
    #[command(flatten)]
    layout: Layout,
}

impl State {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let at = match self.at {
            Some(when) => Moment::Time(when.resolve(time::now())?),
            None => Moment::Position(self.position.unwrap_or(Position::END).get()),
        };
        let database = Database::open(&options).await?;
        let state = self.find(&database, &options, at).await;
        database.close().await?;
        let state = state?;
        if self.layout.format == Format::Json {
            return output::line(serde_json::to_string_pretty(&state)?);
        }
        self.print(state)
    }

    async fn find(
        &self,
        database: &Database,
        options: &Options,
        at: Moment,
    ) -> Result<Value, Failure> {
        let log = database.log(options).await?;
        let conversation = self.named.find(database).await?;
        let member = self.member.as_deref();
        let state = history::state(&log, None, conversation, at, member).await?;
        Ok(state.ok_or_else(|| match member {
            Some(uid) => anyhow!("{uid} was in no conversation {conversation} then"),
            None => anyhow!("there was no conversation {conversation} then"),
        })?)
    }

    /// In the table format, the members get a table of their own.
    fn print(&self, mut state: Value) -> Result<(), Failure> {
        let members = match (self.layout.format, &mut state["members"]) {
            (Format::Table, Value::Object(members)) => std::mem::take(members),
            _ => Map::new(),
        };
        let mut rows = Vec::new();
        flatten("", &state, &mut rows);
        rows.retain(|row| members.is_empty() || row[0] != "members");
        let mut printer = Printer::new(self.layout, &["property", "value"]);
        let _ = printer.print(rows)?;
        printer.finish()?;
        if members.is_empty() {
            return Ok(());
        }
        let names: BTreeSet<&str> = members
            .values()
            .filter_map(Value::as_object)
            .flat_map(|flags| flags.keys().map(String::as_str))
            .collect();
        let header: Vec<&str> = std::iter::once("member").chain(names.iter().copied()).collect();
        let row = |(uid, flags): (&String, &Value)| {
            let cells = names.iter().map(|name| cell(&flags[*name]));
            std::iter::once(uid.clone().into()).chain(cells).collect()
        };
        let mut printer = Printer::new(self.layout, &header);
        let _ = printer.print(members.iter().map(row).collect())?;
        printer.finish()
    }
}

/// A flag that is set stands out among those that are not.
fn cell(value: &Value) -> Value {
    match value {
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) | Value::Null => "·".into(),
        other => other.clone(),
    }
}

/// One row for each value, named by its path.
fn flatten(path: &str, value: &Value, rows: &mut Vec<Vec<Value>>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, rows);
            }
        }
        value => rows.push(vec![path.into(), value.clone()]),
    }
}
