use async_nats::jetstream;
use event_store::Position;

use crate::Finding;

/// Why publishing stopped; it is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read, or the lease was lost.
    #[error("cannot follow the log")]
    Log(#[from] event_store::Error),
    /// PostgreSQL refused or could not be reached.
    #[error("cannot use the database")]
    Database(#[from] sqlx::Error),
    /// No server can be reached, or it refuses the login.
    #[error("cannot reach NATS")]
    Connect(#[source] async_nats::ConnectError),
    /// The connection was lost and not made again in time.
    #[error("the connection to NATS was lost")]
    Disconnected,
    /// A request to JetStream failed.
    #[error("cannot use the stream")]
    Stream(#[source] async_nats::Error),
    /// The stream was recreated while it was compared.
    #[error("the stream was made anew meanwhile: look again")]
    Replaced,
    /// The stream does not match the log, or the server does not meet a requirement; an operator
    /// has to act.
    #[error("the stream cannot be published to")]
    Wrong(#[source] Finding),
    /// The message may have been stored: the next comparison tells.
    #[error("position {position} was not acknowledged")]
    Publish {
        position: Position,
        #[source]
        source: jetstream::context::PublishError,
    },
    /// The event cannot be decrypted; nothing after it is published until an operator quarantines
    /// its position.
    #[error("the event at position {position} cannot be told, and it is not quarantined")]
    Unreadable {
        position: Position,
        #[source]
        source: event_store::Error,
    },
    /// The message is still in the stream.
    #[error("position {position} was not erased from the stream")]
    Erase {
        position: Position,
        #[source]
        source: async_nats::Error,
    },
    /// The server ignored the expected sequence.
    #[error("position {position} was stored as message {sequence}")]
    Misplaced { position: Position, sequence: u64 },
}
