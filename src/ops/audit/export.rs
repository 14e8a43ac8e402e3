use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use domain::Position;
use event_store::{Digest, Transfer, WithKeys, from_hex, to_hex};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::ops::database::Database;
use crate::ops::{Failure, Options, output, progress};

#[derive(Debug, Args)]
pub(in crate::ops) struct Export {
    /// First position to export
    #[arg(long, default_value_t = Position::START.next(), value_parser = super::position())]
    from: Position,
    /// Last position to export (default: the newest)
    #[arg(long, value_parser = super::position())]
    to: Option<Position>,
    /// Include the keys of encrypted text, wrapped by the master key. Needed to move or restore a
    /// log; with the master key, such a file keeps text readable that is erased later
    #[arg(long)]
    with_keys: bool,
    /// File to write to, instead of standard output
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// The first line of an exported file; each further line is an event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Heading {
    /// The version of the file's format.
    pub(super) colloquy_export: u32,
    /// The position before the first event.
    pub(super) after: Position,
    /// Its digest.
    pub(super) after_digest: String,
    /// The position of the last event.
    pub(super) to: Position,
}

impl Heading {
    pub(super) fn read(line: Option<&str>) -> Result<Self, Failure> {
        let heading: Self = line
            .and_then(|line| serde_json::from_str(line).ok())
            .context("this is no exported log: its first line is not the heading of one")?;
        match heading.colloquy_export {
            1 => Ok(heading),
            other => Err(anyhow!("the export is of version {other}: expected 1").into()),
        }
    }

    pub(super) fn digest(&self) -> Result<Digest, Failure> {
        Ok(from_hex(&self.after_digest).context("the heading has no digest")?)
    }
}

impl Export {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let exported = match &self.output {
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                let mut output = BufWriter::new(file);
                let exported = self.write(&database, &mut output).await;
                let file = output.into_inner().context("cannot write the export")?;
                file.sync_all().context("cannot write the export")?;
                exported
            }
            None => self.write(&database, &mut BufWriter::new(output::Stdout)).await,
        };
        database.close().await?;
        exported
    }

    async fn write(&self, database: &Database, output: &mut impl Write) -> Result<(), Failure> {
        let mut transfer = Transfer::begin(&database.pool).await?;
        let (after, to) = (self.from - 1, self.to.unwrap_or(transfer.head).min(transfer.head));
        let digest = transfer
            .digest_of(after)
            .await?
            .with_context(|| format!("there is no position {after}"))?;
        let heading =
            Heading { colloquy_export: 1, after, after_digest: to_hex(&digest), to: to.max(after) };
        writeln!(output, "{}", serde_json::to_string(&heading)?)?;
        let bar = progress::bar("exporting", (to - after).max(0).unsigned_abs(), 0);
        let keys = if self.with_keys { WithKeys::Yes } else { WithKeys::No };
        let mut events = std::pin::pin!(transfer.events(after, to, keys));
        while let Some(exported) = events.try_next().await? {
            serde_json::to_writer(&mut *output, &exported).map_err(std::io::Error::from)?;
            output.write_all(b"\n")?;
            bar.inc(1);
        }
        output.flush()?;
        bar.finish_and_clear();
        Ok(())
    }
}
