//! The event log: runs commands on streams, appends their events, reads them in order.
//!
//! This crate is the only writer of the table `events`. It gives cqrs-es aggregates a log that
//! stays consistent under load: gapless positions in commit order ([`Log`]), one transaction for
//! all appends that are waiting ([`Appender`]), optimistic concurrency with retry and a cache that
//! is verified before it is trusted ([`Commands`]), and work that runs on one node at a time
//! ([`lead`]).
//!
//! It deliberately knows no business rule, no read model and no HTTP: an aggregate comes in as a
//! type parameter that implements [`domain::Decider`]. Private values are encrypted when appended
//! and decrypted when read ([`Keys`]). A new aggregate needs no change here. A new follower of the
//! log implements [`Led`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod append;
mod call;
mod causes;
mod changed_keys;
mod commands;
mod cqrs;
mod facts;
mod from_row;
mod idempotency;
mod in_use;
mod lead;
mod lease;
mod log;
mod metadata;
mod migrations;
mod missing_keys;
mod outage;
mod part;
mod quarantine;
mod reads;
mod recorded;
mod sealing;
mod snapshots;
mod standing;
mod store;
mod tail;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod together;
mod transfer;
mod turn;
mod verify;
mod worker;

use std::time::Duration;

use sqlx::PgPool;

// For followers of the log that need positions and ids, but nothing else of the domain.
pub use domain::{ConversationId, Position, PublicId, UserId};

pub use append::{Append, Appended, Appender, NewEvent, StreamEvents};
pub use causes::causes;
pub use commands::{CommandError, Commands, Outcome};
pub use facts::Facts;
pub use idempotency::prune_idempotency_keys;
pub use in_use::{KeysAlone, KeysInUse};
pub use lead::{Led, lead, lead_once};
pub use lease::{Lease, checkpoint};
pub use log::{Found, Log, Search, Watcher, Window, account_position_at};
pub use metadata::{Context, Idempotency, Metadata, Surface};
pub use missing_keys::MissingKeys;
pub use outage::{Availability, is_outage, watch_database};
pub use quarantine::{
    Quarantine, Quarantined, quarantine, quarantined, quarantined_between, unreadable_in_stream,
};
pub use reads::retrying;
pub use recorded::RecordedEvent;
pub use sealing::{ERASED, Keys, MasterKey, Rewrapped, STILL_SEALED, UNREADABLE};
pub use standing::{Follower, HeldLease, Standing};
pub use store::{PostgresEventStore, StreamContext};
pub use tail::{Budget, Decoded, LogEvent, Tail};
pub use together::Together;
pub use transfer::{Exported, Transfer, WithKeys, finish_import, import};
pub use verify::{Difference, Digest, GENESIS, StoredEvent, Verifier, from_hex, to_hex};

/// Sizes and limits of the store.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Appends that may wait before further ones are refused as [`Error::Overloaded`].
    pub queue_length_max: usize,
    /// Bytes of payloads and metadata that may wait; beyond, appends are refused as
    /// [`Error::Overloaded`].
    pub queue_bytes_max: usize,
    /// Appends in one transaction.
    pub batch_size_max: usize,
    /// Bytes of payloads and metadata in one transaction; a single append may have more.
    pub batch_bytes_max: usize,
    /// Streams whose decided state is kept in memory.
    pub cached_streams_max: usize,
    /// How often a command is decided, the first time included, before conflicts end it as
    /// [`CommandError::Contended`].
    pub attempts_max: u32,
    /// How long an append is retried while PostgreSQL is unreachable.
    pub outage_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_length_max: 4096,
            queue_bytes_max: 64 << 20,
            batch_size_max: 512,
            batch_bytes_max: 8 << 20,
            cached_streams_max: 20_000,
            attempts_max: 8,
            outage_max: Duration::from_millis(1500),
        }
    }
}

/// A failure of the store; refusals of the domain are not failures and travel in [`CommandError`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused or could not be reached.
    #[error("failed to {doing}")]
    Database {
        /// What was tried, as an infinitive.
        doing: &'static str,
        /// The database driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The schema of the log could not be brought up to date.
    #[error("failed to migrate the event log")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database was set up by another version of Colloquy.
    #[error(
        "this database holds the event log of another version of Colloquy: expected an empty \
         database, or one that this version set up"
    )]
    OtherSchema(#[source] sqlx::migrate::MigrateError),
    /// A position is missing between two others: the log was changed from outside.
    #[error("the log has a hole: expected position {expected}, found {found}")]
    Hole {
        /// The position that should have come.
        expected: Position,
        /// The one that came.
        found: Position,
    },
    /// This version cannot read a stored event.
    #[error("event at position {position}, number {sequence} of stream {stream}, cannot be read")]
    Undecodable {
        /// Where it is in the log.
        position: Position,
        /// Aggregate type and id.
        stream: String,
        /// Its place in the stream.
        sequence: i64,
        /// What the decoder said.
        #[source]
        source: domain::Unreadable,
    },
    /// A stream of a type that this version does not know.
    #[error("event at position {position} is of unknown type {aggregate_type}")]
    UnknownType {
        /// Where it is in the log.
        position: Position,
        aggregate_type: String,
    },
    /// A checkpoint is not at the position from which it was to be advanced.
    #[error("a checkpoint of {names} is no longer at position {from}")]
    CheckpointMoved {
        /// The checkpoints that were to be advanced together.
        names: String,
        /// The position that all of them should have had.
        from: Position,
    },
    /// A new event or a snapshot could not be encoded as JSON.
    #[error("failed to encode an event of stream {stream}")]
    Unencodable {
        /// Aggregate type and id.
        stream: String,
        /// What the encoder said.
        #[source]
        source: serde_json::Error,
    },
    /// A new event could be encoded, but could not be read back, or is too large to be published.
    /// Nothing was recorded.
    #[error("an event of stream {stream} cannot be recorded: {why}")]
    Unstorable {
        /// Aggregate type and id.
        stream: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The database's keys are wrapped by another master key.
    #[error(
        "COLLOQUY_MASTER_KEY is key {id}, but this database's keys are wrapped by {known}: \
         expected the key it was set up with"
    )]
    MasterKeyUnknown {
        /// The id of the key that was given.
        id: String,
        /// The ids of the keys that would be accepted.
        known: String,
    },
    /// Servers are running with the present master key.
    #[error("servers are running with the present master key; stop them first: {by}")]
    KeysInUse { by: String },
    /// The keys are being wrapped with another master key.
    #[error("the master key is being rotated: start again with the new one when that is done")]
    KeysRotating,
    /// Some keys are wrapped by this master key, some by another.
    #[error(
        "a rotation of the master key was interrupted: expected `colloquy keys rotate` to be run \
         again"
    )]
    RotationUnfinished,
    /// Encrypting needs a master key.
    #[error("a master key is needed to append")]
    MasterKeyMissing,
    /// Something encrypted cannot be decrypted with its key: one of the two was changed.
    #[error("{what} cannot be opened")]
    CannotOpen {
        /// Which key or event.
        what: String,
    },
    /// A private value nested inside another value, where it would not be encrypted.
    #[error("event {event} has a private value inside another value")]
    PrivateInside { event: uuid::Uuid },
    /// Too many appends are waiting; try again later.
    #[error("the append queue is full")]
    Overloaded,
    /// The appender has stopped: the process is shutting down.
    #[error("the log is closed for appends")]
    Closed,
    /// PostgreSQL was unreachable for too long; whether the append was committed is unknown.
    #[error("PostgreSQL takes no events; whether the command was recorded is unknown")]
    Unreachable,
    /// PostgreSQL is unreachable; the append was not sent to it.
    #[error("PostgreSQL takes no events; nothing was recorded")]
    Unavailable,
    /// Another node took the lease over.
    #[error("the lease on {name} was lost")]
    LeaseLost {
        /// What it is for.
        name: String,
    },
}

impl Error {
    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }
}

/// Brings the schema of the log up to date.
///
/// # Errors
/// [`Error::OtherSchema`] when the database was set up by another version, or why PostgreSQL
/// refuses.
pub async fn migrate(pool: &PgPool) -> Result<(), Error> {
    use sqlx::migrate::MigrateError::{VersionMismatch, VersionMissing};
    migrations::MIGRATIONS.run(pool).await.map_err(|error| match error {
        VersionMismatch(_) | VersionMissing(_) => Error::OtherSchema(error),
        error => Error::Migrate(error),
    })
}
