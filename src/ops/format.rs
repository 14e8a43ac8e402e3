use std::ops::ControlFlow;

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde_json::{Map, Value};

use super::{Failure, output};

/// How a verb prints its data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON object a line
    Json,
    /// Comma-separated, with a header
    Csv,
}

/// Prints rows under a header, page by page, in the format asked for.
pub(super) struct Printer {
    format: Format,
    header: &'static [&'static str],
    cell_length_max: usize,
    printed: bool,
}

/// Beyond this, a cell of a table is cut that may have anything in it.
const CELL_LENGTH_MAX: usize = 100;

impl Printer {
    pub(super) fn new(format: Format, header: &'static [&'static str]) -> Self {
        Self { format, header, cell_length_max: CELL_LENGTH_MAX, printed: false }
    }

    /// Breaks when nobody reads any more, as `head` does not.
    pub(super) fn print(&mut self, rows: Vec<Vec<Value>>) -> Result<ControlFlow<()>, Failure> {
        if rows.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let page = self.page(rows)?;
        self.printed = true;
        output::text(&page)
    }

    /// An empty table still has its header.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        if !self.printed && self.format != Format::Json {
            let page = self.page(vec![])?;
            let _ = output::text(&page)?;
        }
        Ok(())
    }

    fn page(&mut self, rows: Vec<Vec<Value>>) -> Result<String, Failure> {
        match self.format {
            Format::Table => {
                let mut table = Table::new();
                table.load_style(presets::UTF8_BORDERS_ONLY).set_header(self.header);
                let cut = |cell| cut(text(cell), self.cell_length_max);
                table.add_rows(rows.iter().map(|row| row.iter().map(cut)));
                Ok(format!("{table}\n"))
            }
            Format::Json => rows
                .into_iter()
                .map(|row| {
                    let names = self.header.iter().map(|name| (*name).to_owned());
                    let object: Map<String, Value> = names.zip(row).collect();
                    Ok(serde_json::to_string(&object)? + "\n")
                })
                .collect(),
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(Vec::new());
                if !self.printed {
                    csv.write_record(self.header)?;
                }
                for row in rows {
                    csv.write_record(row.iter().map(text))?;
                }
                let bytes = csv.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
                Ok(String::from_utf8(bytes)?)
            }
        }
    }
}

/// Prints rows that are all there, and whole: what is wrong often stands at the end.
pub(super) fn print(
    format: Format,
    header: &'static [&'static str],
    rows: &[Vec<String>],
) -> Result<(), Failure> {
    let printer = Printer::new(format, header);
    let mut printer = Printer { cell_length_max: usize::MAX, ..printer };
    let rows = rows.iter().map(|row| row.iter().cloned().map(Value::from).collect()).collect();
    let _ = printer.print(rows)?;
    printer.finish()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn cut(text: String, length_max: usize) -> String {
    match text.char_indices().nth(length_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
