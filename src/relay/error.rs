use async_nats::jetstream;
use event_store::Position;

use crate::Finding;

/// Why publishing stopped; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log cannot be read, or the lease was lost.
    #[error("cannot follow the log")]
    Log(#[from] event_store::Error),
    /// PostgreSQL refused or could not be reached.
    #[error("cannot use the database")]
    Database(#[from] sqlx::Error),
    /// There is no server.
    #[error("cannot reach NATS")]
    Connect(#[source] async_nats::ConnectError),
    /// The server has gone.
    #[error("the connection to NATS was lost")]
    Disconnected,
    /// The server does not answer as it should.
    #[error("cannot use the stream")]
    Stream(#[source] async_nats::Error),
    /// It was made anew while it was compared.
    #[error("the stream was made anew meanwhile: look again")]
    Replaced,
    /// The stream or the server is not as it has to be; an operator has to act.
    #[error("the stream cannot be published to")]
    Wrong(#[source] Finding),
    /// It may have been stored: the next look tells.
    #[error("position {position} was not acknowledged")]
    Publish {
        position: Position,
        #[source]
        source: jetstream::context::PublishError,
    },
    /// The event does not open; nothing is published behind it until an operator quarantines it.
    #[error("the event at position {position} cannot be told, and it is not quarantined")]
    Unreadable {
        position: Position,
        #[source]
        source: event_store::Error,
    },
    /// The message is still there.
    #[error("position {position} was not erased from the stream")]
    Erase {
        position: Position,
        #[source]
        source: async_nats::Error,
    },
    /// The server did not heed the number that it was told.
    #[error("position {position} was stored as message {sequence}")]
    Misplaced { position: Position, sequence: u64 },
}
