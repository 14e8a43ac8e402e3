//! `audit …`: reads the log, proves that it is as it was recorded, and quarantines events that
//! cannot be read.

mod diff;
mod export;
mod import;
mod log;
mod quarantine;
mod state;
mod verify;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use domain::{AccountId, ConversationId, Position};

use super::database::Database;
use super::{Failure, Options, conversation};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// List events, oldest first
    Log(log::Log),
    /// Show a conversation's state at some moment, for everyone or as one member saw it
    State(state::State),
    /// Show what changed in a conversation between two moments, by whom and in which request
    Diff(diff::Diff),
    /// Verify that no event was changed, removed, inserted or moved; exit status 3 if one was
    Verify(verify::Verify),
    /// Make the read models skip an unreadable event permanently; `audit verify` reports it
    Quarantine(quarantine::Quarantine),
    /// Export the log to a file that can be verified and imported elsewhere
    Export(export::Export),
    /// Import an exported log into an empty database, with the same positions and digests
    Import(import::Import),
}

/// Which conversation, as an argument.
#[derive(Debug, Args)]
struct Named {
    /// Conversation, identified by its UUID, its id in any dialect (a number, or 22 letters and
    /// digits), or its uid
    conversation: String,
    /// Account of the conversation, if it is identified by a number or uid
    #[arg(long, default_value_t = AccountId::FIRST)]
    account: AccountId,
}

/// A parser for the argument of an event's position, 1 or greater.
pub(super) fn position() -> impl TypedValueParser<Value = Position> {
    clap::value_parser!(i64).range(1..).map(Position::new)
}

impl Named {
    async fn find(&self, database: &Database) -> Result<ConversationId, Failure> {
        conversation::find(&database.pool, self.account, &self.conversation).await
    }
}

impl Audit {
    pub(super) async fn run(self, options: Options) -> Result<(), Failure> {
        match self {
            Self::Log(log) => log.run(options).await,
            Self::State(state) => state.run(options).await,
            Self::Diff(diff) => diff.run(options).await,
            Self::Verify(verify) => verify.run(options).await,
            Self::Quarantine(quarantine) => quarantine.run(options).await,
            Self::Export(export) => export.run(options).await,
            Self::Import(import) => import.run(options).await,
        }
    }
}
