use anyhow::anyhow;
use clap::Args;

use crate::ops::database::Database;
use crate::ops::{Failure, Options, output};

#[derive(Debug, Args)]
pub(in crate::ops) struct Quarantine {
    /// The position of the event
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    position: i64,
    /// Why, for whoever reads it later
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
        let (position, user) = (self.position, embedded::own_name());
        let state = match event_store::quarantine(&log, position, &user, &self.reason).await? {
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
        output::line(format_args!(
            "position {position} {state}: read models that stopped at it go on"
        ))
    }
}
