use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, presets};
use serde_json::{Map, Value};

use super::{Failure, output};

/// How a verb prints its data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Table for people to read
    #[default]
    Table,
    /// One JSON object per line
    Json,
    /// Comma-separated values, with a header line
    Csv,
}

/// A column whose values are no longer than this many characters is never cut.
const SHORT_MAX: usize = 20;

/// The options of a verb that prints data.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Layout {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Print all columns of a table in full, even if they are wider than the terminal
    #[arg(long)]
    pub(super) wide: bool,
}

impl Layout {
    /// Whether to print only what matters most to people.
    pub(super) fn is_brief(self) -> bool {
        self.format == Format::Table && !self.wide
    }
}

/// Prints rows under a header, page by page, in the format asked for.
pub(super) struct Printer<'a> {
    layout: Layout,
    header: &'a [&'a str],
    /// The maximum width of a table; `None` for no limit.
    width: Option<u16>,
    /// What does not fit is cut instead of continued in another line.
    one_line: bool,
    printed: bool,
}

impl<'a> Printer<'a> {
    /// Fitted to the terminal, if it is one.
    pub(super) fn new(layout: Layout, header: &'a [&'a str]) -> Self {
        let width = Table::new().width().filter(|_| !layout.wide);
        Self { layout, header, width, one_line: false, printed: false }
    }

    /// The same, one line for each row: what does not fit is cut.
    pub(super) fn one_line(layout: Layout, header: &'a [&'a str]) -> Self {
        Self { one_line: true, ..Self::new(layout, header) }
    }

    /// Breaks when the pipe is closed, as `head` does.
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
        if !self.printed && self.layout.format != Format::Json {
            let page = self.page(vec![])?;
            let _ = output::text(&page)?;
        }
        Ok(())
    }

    fn table(&self, rows: &[Vec<Value>]) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY).set_header(self.header);
        table.set_truncation_indicator("…");
        match self.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width)
            }
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        for cells in rows {
            let mut row = Row::from(cells.iter().map(text).collect::<Vec<_>>());
            if self.one_line && self.width.is_some() {
                row.max_height(1);
            }
            table.add_row(row);
        }
        if self.one_line {
            self.spare_short_columns(&mut table, rows);
        }
        table
    }

    /// Only the last column is cut, and others that have long texts: half a time or name is of
    /// no use.
    fn spare_short_columns(&self, table: &mut Table, rows: &[Vec<Value>]) {
        for index in 0..self.header.len() - 1 {
            let widest = rows.iter().map(|row| text(&row[index]).chars().count()).max();
            if widest.unwrap_or(0) <= SHORT_MAX
                && let Some(column) = table.column_mut(index)
            {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }

    fn page(&mut self, rows: Vec<Vec<Value>>) -> Result<String, Failure> {
        match self.layout.format {
            Format::Table => Ok(format!("{}\n", self.table(&rows))),
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

/// Prints a complete list of rows, and cuts no cell: what is wrong often stands at the end.
pub(super) fn print(layout: Layout, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut printer = Printer::new(layout, header);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(width: Option<u16>, one_line: bool) -> Vec<String> {
        let layout = Layout { format: Format::Table, wide: false };
        let printer = Printer { width, one_line, ..Printer::new(layout, &["position", "event"]) };
        let event = json!({"text": "word ".repeat(30), "metadata": {"urgent": true}});
        let table = printer.table(&[vec![json!(7), event]]);
        table.to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_table_fits_into_the_terminal() {
        for width in [40, 80, 200] {
            for one_line in [false, true] {
                let lines = lines(Some(width), one_line);
                let widest = lines.iter().map(|line| line.chars().count()).max();
                assert!(widest <= Some(usize::from(width)), "{lines:#?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_one_line_is_cut_or_continued() {
        let cut = lines(Some(80), true);
        assert!(cut.len() == 5 && cut[3].starts_with("│ 7          {"), "{cut:#?}");
        let continued = lines(Some(80), false);
        assert!(continued.len() > 5 && continued.concat().contains("urgent"), "{continued:#?}");
    }

    #[test]
    fn without_a_terminal_everything_is_whole_and_in_one_line() {
        let lines = lines(None, true);
        assert!(lines.len() == 5 && lines[3].contains("urgent"), "{lines:#?}");
    }
}
