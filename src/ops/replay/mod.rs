//! `replay …`: what was made from the log is compared with it, and made again.

mod nats;

use clap::Subcommand;

use super::{Failure, Options};

#[derive(Debug, Subcommand)]
pub(super) enum Replay {
    /// Compare the NATS stream with the log, make it right again, or publish history for a new consumer
    Nats(nats::Nats),
}

impl Replay {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Nats(nats) => nats.run(options).await,
        }
    }
}
