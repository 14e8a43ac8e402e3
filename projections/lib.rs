//! What it looks like now: one folder per read model, each with its own schema, rebuildable from the log.
//!
//! A read model is `mod.rs` (name, version), `schema.sql`, `apply.rs` (a batch of events becomes rows),
//! `query.rs` (one statement per answer) and `tests.rs`. One [`runner`](start) drives them all: read a batch,
//! apply it, write the checkpoint in the same transaction, under a lease.
//!
//! Deliberately not here: commands, rules, HTTP. To add a read model, make its folder, implement
//! [`Projection`], and name it in [`start`] and in [`Progress::names`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

pub mod badge;
pub mod conversation_list;
pub mod directory;
mod event;
pub mod history;
pub mod inbox;
pub mod messages;
mod page;
mod progress;
mod rows;
mod runner;
mod seats;
#[cfg(test)]
mod tests;
pub mod timers;

pub use event::{Event, Recorded};
pub use page::{Cursor, Page, Slice};
pub use progress::Progress;
pub use runner::{Projection, start};

/// A read model could not be brought up to date, or not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log could not be read or the checkpoint not be written.
    #[error("failed to follow the log")]
    Log(#[from] event_store::Error),
    /// PostgreSQL refused or could not be reached.
    #[error("failed to {doing}")]
    Database {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// The database driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// A stream of a type that this version does not know.
    #[error("event at position {position} is of unknown type {aggregate_type}")]
    UnknownType {
        /// Where.
        position: i64,
        /// The type.
        aggregate_type: String,
    },
    /// Rows could not be written as JSON.
    #[error("failed to encode rows")]
    Unencodable(#[source] serde_json::Error),
}

impl Error {
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }
}
