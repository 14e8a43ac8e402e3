//! `replay …`: compares what is derived from the log with it, and rebuilds it.

mod nats;
mod projection;
mod verify;
mod what_if;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use event_store::Log;
use projections::replay::Step;
use uuid::Uuid;

use super::database::Database;
use super::progress::Progress;
use super::{Failure, Options};

#[derive(Debug, Subcommand)]
pub(super) enum Replay {
    /// Rebuild read models beside the live ones, then replace the live ones
    Projection(projection::Projection),
    /// Compare the read models with the log, row by row; exit status 3 if one differs
    Verify(verify::Verify),
    /// Build a read model as of a past position, in a schema of its own
    WhatIf(what_if::WhatIf),
    /// Compare the NATS stream with the log, repair it, or publish history for a new consumer
    Nats(nats::Nats),
}

impl Replay {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Projection(projection) => projection.run(options).await,
            Self::Verify(verify) => verify.run(options).await,
            Self::WhatIf(what_if) => what_if.run(options).await,
            Self::Nats(nats) => nats.run(options).await,
        }
    }
}

/// What building read models takes.
#[derive(Debug, Args)]
struct Building {
    /// Maximum memory for events in progress, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 256,
          value_parser = clap::value_parser!(u64).range(16..))]
    memory: u64,
}

impl Building {
    fn replay(&self, log: &Log) -> projections::replay::Replay {
        let node = Uuid::new_v4();
        projections::replay::Replay::new(log.clone(), node, (self.memory as usize) << 20)
    }
}

/// Parses the name of a read model.
pub(super) fn model(name: &str) -> Result<String, String> {
    let names: Vec<&str> = projections::MODELS.iter().map(|model| model.name).collect();
    match names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("expected one of {}", names.join(", "))),
    }
}

/// Reports the progress of building.
fn report() -> impl FnMut(Step) + Send {
    let mut progress = None;
    move |step| {
        let (at, to) = match step {
            Step::Filled { at, to } => (at.get().unsigned_abs(), to.get().unsigned_abs()),
            _ => (0, 0),
        };
        let progress = progress.get_or_insert_with(|| Progress::new("building", to, at));
        match step {
            Step::Filled { .. } => progress.set(at),
            Step::Indexing => progress.wait_for("making the indexes"),
            Step::Comparing => progress.wait_for("comparing"),
            Step::Switching => progress.wait_for("waiting for a moment to show it"),
        }
    }
}

/// Works until Ctrl-C, after which the verb still ends in good order: what is shown stays as it
/// was, and a database that was started for the verb is stopped. A build of read models first gives
/// its lease back.
async fn until_interrupted<T, E: Into<Failure>>(
    work: impl Future<Output = Result<T, E>>,
    building: Option<&projections::replay::Replay>,
    what_then: &'static str,
) -> Result<T, Failure> {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done.map_err(Into::into),
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    if let Some(building) = building {
        building.stop();
        if let Ok(done) = work.await {
            return Ok(done);
        }
    }
    Err(anyhow!("interrupted: {what_then}").into())
}

/// Adds to the error of an unreadable event what an operator can decide to do.
fn advise(error: projections::Error) -> Failure {
    match &error {
        projections::Error::Refused { position, source }
            if matches!(**source, projections::Error::Undecodable(_)) =>
        {
            anyhow!(
                "{}; if it cannot be repaired, `colloquy audit quarantine {position} --reason …` \
                 excludes the event, and everything continues without it",
                event_store::causes(&error)
            )
            .into()
        }
        _ => error.into(),
    }
}

async fn open(options: &Options) -> Result<(Database, Log), Failure> {
    let database = Database::open(options).await?;
    event_store::migrate(&database.pool).await?;
    let log = database.log(options).await?;
    Ok((database, log))
}
