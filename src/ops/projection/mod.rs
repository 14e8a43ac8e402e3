//! `projection …`: shows the state of the read models, and retries those that stopped.

mod retry;
mod status;

use clap::Subcommand;

use super::{Failure, Options};

#[derive(Debug, Subcommand)]
pub(super) enum Projection {
    /// Show how far each read model is, which node updates it, and why it stopped
    Status(status::Status),
    /// Retry a stopped read model, after the cause has been fixed
    Retry(retry::Retry),
}

impl Projection {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Status(status) => status.run(options).await,
            Self::Retry(retry) => retry.run(options).await,
        }
    }
}
