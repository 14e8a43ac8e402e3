use anyhow::anyhow;
use clap::Args;
use domain::Position;
use event_store::Log;

use crate::ops::database::Database;
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct Quarantine {
    /// Position of the event
    #[arg(value_parser = super::position())]
    position: Position,
    /// Also quarantine every other unreadable event of its stream, for example when the stream's
    /// key cannot be unwrapped
    #[arg(long)]
    stream: bool,
    /// Reason, for later readers of the audit trail
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

impl Quarantine {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let done = self.quarantine(&database, &options).await;
        database.close().await?;
        done
    }

    async fn quarantine(&self, database: &Database, options: &Options) -> Result<(), Failure> {
        event_store::migrate(&database.pool).await?;
        let log = database.log(options).await?;
        self.quarantine_one(&log, self.position).await?;
        if self.stream {
            for position in event_store::unreadable_in_stream(&log, self.position).await? {
                if position != self.position {
                    self.quarantine_one(&log, position).await?;
                }
            }
        }
        Ok(())
    }

    async fn quarantine_one(&self, log: &Log, position: Position) -> Result<(), Failure> {
        let user = embedded::own_name();
        let state = match event_store::quarantine(log, position, &user, &self.reason).await? {
            event_store::Quarantine::Done => "is quarantined",
            event_store::Quarantine::DoneBefore => "was quarantined before",
            event_store::Quarantine::Missing => {
                return Err(anyhow!("there is no event at position {position}").into());
            }
            event_store::Quarantine::Readable => {
                return Err(anyhow!(
                    "the event at position {position} can be read: nothing has to pass over it"
                )
                .into());
            }
        };
        output::line(format_args!("position {position} {state}: what stopped there resumes"))
    }
}
