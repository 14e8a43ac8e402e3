use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use domain::Position;
use event_store::{Exported, Verifier, to_hex};

use super::export::Heading;
use crate::ops::database::Database;
use crate::ops::{Failure, Options, output, progress};

#[derive(Debug, Args)]
pub(in crate::ops) struct Import {
    /// Exported file to read (default: standard input)
    file: Option<PathBuf>,
}

const BATCH_SIZE: usize = 1000;

impl Import {
    /// Imports in one transaction, all or nothing.
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open_or_make(&options).await?;
        let imported = self.import(&database).await;
        database.close().await?;
        let verifier = imported?;
        let (position, digest) = (verifier.position(), to_hex(verifier.digest()));
        output::line(format_args!("imported {position} events, digest {digest}"))
    }

    async fn import(&self, database: &Database) -> Result<Verifier, Failure> {
        event_store::migrate(&database.pool).await?;
        let input: Box<dyn Read> = match &self.file {
            Some(path) => Box::new(
                std::fs::File::open(path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
            ),
            None => Box::new(std::io::stdin()),
        };
        let mut lines = BufReader::new(input).lines();
        let heading = Heading::read(lines.next().transpose()?.as_deref())?;
        if heading.after != Position::START {
            return Err(anyhow!(
                "the export begins after position {}: a log is imported from its first event",
                heading.after
            )
            .into());
        }
        let mut transaction = database.pool.begin().await?;
        let head: Position = sqlx::query_scalar("select position from log_head for update")
            .fetch_one(&mut *transaction)
            .await?;
        if head != Position::START {
            return Err(anyhow!(
                "the database has {head} events: a log is imported into an empty one"
            )
            .into());
        }
        let mut verifier = Verifier::default();
        let bar = progress::bar("importing", heading.to.get().unsigned_abs(), 0);
        let mut batch: Vec<Exported> = Vec::with_capacity(BATCH_SIZE);
        for (number, line) in lines.enumerate() {
            let exported: Exported = serde_json::from_str(&line?)
                .with_context(|| format!("line {} cannot be read", number + 2))?;
            if let Err(difference) = verifier.check(&exported) {
                output::line(format_args!("WRONG at {difference}"))?;
                return Err(Failure::Difference);
            }
            batch.push(exported);
            if batch.len() == BATCH_SIZE {
                event_store::import(&mut transaction, &batch).await?;
                bar.inc(batch.len() as u64);
                batch.clear();
            }
        }
        event_store::import(&mut transaction, &batch).await?;
        if verifier.position() != heading.to {
            output::line(format_args!(
                "WRONG at position {}: the event is missing: the file should end with {}",
                verifier.position() + 1,
                heading.to
            ))?;
            return Err(Failure::Difference);
        }
        event_store::finish_import(&mut transaction).await?;
        transaction.commit().await?;
        bar.finish_and_clear();
        Ok(verifier)
    }
}
