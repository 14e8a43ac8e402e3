use clap::Args;
use uuid::Uuid;

use crate::ops::database::Database;
use crate::ops::format::{Format, print};
use crate::ops::{Failure, Options};

#[derive(Debug, Args)]
pub(in crate::ops) struct Log {
    /// Only events of this conversation
    conversation: Option<Uuid>,
    /// Only events after this position
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// Events at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HEADER: [&str; 9] = [
    "position",
    "recorded_at",
    "account",
    "event_type",
    "aggregate_type",
    "aggregate_id",
    "sequence",
    "actor",
    "request_id",
];

impl Log {
    pub(in crate::ops) async fn run(self, options: Options) -> Result<(), Failure> {
        let database = Database::open(&options).await?;
        let log = database.log(&options).await?;
        let events = match self.conversation {
            Some(conversation) => {
                log.read_conversation(conversation, self.after, self.limit).await?
            }
            None => log.read(self.after, self.limit).await?,
        };
        let rows: Vec<Vec<String>> = events
            .iter()
            .map(|event| {
                vec![
                    event.position.to_string(),
                    event.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                    event.account.to_string(),
                    event.event_type.clone(),
                    event.aggregate_type.clone(),
                    event.aggregate_id.to_string(),
                    event.sequence.to_string(),
                    event.metadata_value("actor").unwrap_or_default(),
                    event.metadata_value("request_id").unwrap_or_default(),
                ]
            })
            .collect();
        print(self.format, &HEADER, &rows)?;
        database.close().await
    }
}
