//! The present state: one folder per read model, each with its own schema, rebuildable from the
//! log, and `views/` with the queries on them.
//!
//! A read model is `mod.rs` (name, what it builds on), `schema.sql` (its tables, and the function
//! `tests.rs`; one that gets many rows has `copied.rs` (rows that are written with COPY while it is
//! filled). Which copy of the rows a statement uses is a property of the connection
//! ([`Generation`]). One [`projector`] drives all models: it reads a batch, folds it once
//! ([`changes`]), and writes all models with their checkpoints in one transaction. Models are
//! listed in order of dependency; a model may build on the rows of those before it, and knows no
//! view. [`replay`] rebuilds them.
//! builds them again.
//!
//! Deliberately not here: commands, rules, HTTP. To add a read model, make its folder and name it
//! in [`model::MODELS`]; what it needs of an event is folded in [`changes`]. To add a query, make a
//! file in `views/`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod answer_size;
mod aside;
mod changes;
pub mod conversations;
mod copy;
pub mod desk;
pub mod directory;
mod generation;
pub mod history;
pub mod memberships;
mod memory;
pub mod messages;
mod model;
mod page;
mod planner;
mod progress;
mod projector;
mod readers;
pub mod replay;
mod revocations;
mod shares;
mod status;
pub mod support;
#[cfg(test)]
mod tests;
pub mod timers;
pub mod views;

use std::sync::Arc;

pub use answer_size::AnswerSize;
pub use generation::Generation;
pub use memory::{Conversation, Member, Memory, Message, User};
pub use model::{MODELS, Model, VERSION};
pub use page::{Cursor, Page, Slice};
pub use planner::PLANNER;
pub use progress::Progress;
pub use projector::{MEMORY_MAX, start};
pub use readers::QUERIES;
pub use revocations::{KNOWN_WITHIN, Revocations, is_revoked};
pub use shares::{Share, Shares};
pub use status::{Report, State, Status, retry};
pub use views::Views;

/// A read model could not be updated or queried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log could not be read, or the checkpoint not written.
    #[error("failed to follow the log")]
    Log(#[from] event_store::Error),
    /// An event cannot be decoded.
    #[error("failed to decode an event")]
    Undecodable(#[source] Arc<event_store::Error>),
    /// PostgreSQL refused or could not be reached.
    #[error("failed to {doing}")]
    Database {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// The database driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// A read model cannot apply an event.
    #[error("the event at position {position} cannot be applied")]
    Refused {
        /// The event's position.
        position: domain::Position,
        source: Box<Error>,
    },
    /// Another process is already doing work that only one may do.
    #[error("another process has the lease {lease}: the same is under way already")]
    UnderWay {
        /// The lease's name.
        lease: String,
    },
    /// A schema that was to be created is there already.
    #[error("the schema {0} exists")]
    SchemaExists(String),
    /// The rows are not those that this projector wrote last: another projector wrote them, or the
    /// database lost the newest.
    #[error("the checkpoints have moved")]
    CheckpointMoved,
    /// A read model that the query needs is stopped.
    #[error("projection {model} is stopped: {reason}")]
    Stopped {
        /// The model's name.
        model: &'static str,
        reason: String,
    },
    /// A read model that the query needs was set back by a crash, or is not built yet.
    #[error("projection {model} is catching up")]
    NotCaughtUp {
        /// The model's name.
        model: &'static str,
    },
    /// A member who is not in the directory: the read models disagree.
    #[error("member {0} is not in the directory")]
    UserMissing(domain::UserId),
    /// This query was combined with the same one of another request, and that one failed.
    #[error(transparent)]
    Shared(Arc<Error>),
    /// Too many large answers are in progress.
    #[error("too many large answers are under way")]
    TooManyLargeAnswers,
    /// The answer would read more than any answer may.
    #[error("the answer is too large; ask for less at once")]
    AnswerTooLarge,
    /// The task that was to answer has ended.
    #[error("shutting down")]
    ShuttingDown,
}

impl Error {
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Whether a combined query returned too much for combining.
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::Shared(error) => error.is_too_large(),
            Self::Database { source, .. } => answer_size::is_too_large(source),
            _ => false,
        }
    }
}
