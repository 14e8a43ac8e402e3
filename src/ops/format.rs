use clap::ValueEnum;
use comfy_table::{Table, presets};

use super::Failure;

/// How a verb prints its data.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON object a line
    Json,
    /// Comma-separated, with a header
    Csv,
}

/// Prints rows under a header, in the format asked for.
pub(super) fn print(format: Format, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    match format {
        Format::Table => {
            let mut table = Table::new();
            table.load_style(presets::UTF8_BORDERS_ONLY).set_header(header).add_rows(rows);
            println!("{table}");
        }
        Format::Json => {
            for row in rows {
                let object: serde_json::Map<_, _> = header
                    .iter()
                    .zip(row)
                    .map(|(key, value)| ((*key).to_owned(), value.clone().into()))
                    .collect();
                println!("{}", serde_json::to_string(&object)?);
            }
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(std::io::stdout());
            csv.write_record(header)?;
            for row in rows {
                csv.write_record(row)?;
            }
            csv.flush()?;
        }
    }
    Ok(())
}
