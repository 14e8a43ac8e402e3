use clap::Args;
use projections::history::{self, Moment};
use serde_json::Value;
use uuid::Uuid;

use crate::ops::database::Database;
use crate::ops::format::{Format, Printer};
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct State {
    /// The conversation
    #[arg(value_parser = super::conversation)]
    conversation: Uuid,
    /// As it was at this time, such as 2026-01-31T14:03:00Z; now unless told
    #[arg(long, conflicts_with = "position")]
    at: Option<chrono::DateTime<chrono::Utc>>,
    /// As it was after the event at this position
    #[arg(long)]
    position: Option<i64>,
    /// As this member saw it
    #[arg(long, value_name = "UID")]
    member: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl State {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let log = database.log(&options).await?;
        let at = match self.at {
            Some(time) => Moment::Time(time),
            None => Moment::Position(self.position.unwrap_or(i64::MAX)),
        };
        let member = self.member.as_deref();
        let state = history::state(&log, None, self.conversation, at, member).await?;
        database.close().await?;
        let Some(state) = state else {
            return Err(anyhow::anyhow!(match member {
                Some(uid) => format!("{uid} was in no conversation {} then", self.conversation),
                None => format!("there was no conversation {} then", self.conversation),
            })
            .into());
        };
        if self.format == Format::Json {
            return output::line(serde_json::to_string_pretty(&state)?);
        }
        let mut rows = Vec::new();
        flatten("", &state, &mut rows);
        let mut printer = Printer::new(self.format, &["property", "value"]);
        let _ = printer.print(rows)?;
        printer.finish()
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
