//! `audit …`: reading the log.

mod log;

use clap::Subcommand;

use super::{Failure, Options};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List events, oldest first
    Log(log::Log),
}

impl Audit {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Log(log) => log.run(options).await,
        }
    }
}
