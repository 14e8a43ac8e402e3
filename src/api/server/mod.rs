//! Connections: a limited number at once. Every wait on a client has a timeout: for its first
//! request, for the next one, and for its reading of the answers. The time from a request's headers
//! to its answer, including the body, is limited by the router.
//!
//! When the limit is reached, the connections that have been idle longest are closed in favour of
//! new ones, so that clients that merely hold connections open cannot keep others out. While all
//! are busy, nothing is accepted: new connections wait in the operating system's queue, and every
//! busy one ends by itself.

mod connection;
mod stream;
mod unread;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use event_store::causes;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use connection::Connection;

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Most concurrent connections.
    pub connections_max: usize,
    /// From the connection to the last header of its first request.
    pub first_request_timeout: Duration,
    /// From an answer to the last header of the next request.
    pub next_request_timeout: Duration,
    /// How long an answer waits for a client that does not read.
    pub write_timeout: Duration,
    /// How long the rest of a body is read after its request was answered without it.
    pub unread_timeout: Duration,
    /// How many bytes of that rest are read.
    pub unread_size_max: usize,
    /// From the signal to stop to the end of the last connection.
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_max: 1000,
            first_request_timeout: Duration::from_secs(10),
            next_request_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            unread_timeout: Duration::from_secs(5),
            unread_size_max: 8 * 1024 * 1024,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Pause after an error that does not concern a single connection, such as running out of file
/// descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// A connection is left alone for this long after it was opened or answered, even at the limit.
const UNDISTURBED: Duration = Duration::from_millis(500);
/// How often idle connections are looked for while the limit is reached.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Pause between log entries about the same problem.
const COMPLAINT_EVERY: Duration = Duration::from_secs(60);

/// Serves until told to stop, and then until all requests in progress are answered or the shutdown
/// timeout has passed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    stop: CancellationToken,
) {
    let mut server = Server::new(router, settings);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = server.tasks.join_next_with_id() => server.forget(ended),
            () = tokio::time::sleep(LOOK_EVERY), if server.is_full() => server.make_room(),
            accepted = listener.accept(), if !server.is_full() => match accepted {
                Ok((stream, _)) => server.take(stream),
                Err(error) => server.complain_and_pause(&error).await,
            },
        }
    }
    // Closed first, so that no client waits in its queue in vain.
    drop(listener);
    server.finish().await;
}

struct Server {
    router: Router,
    settings: Settings,
    tasks: JoinSet<()>,
    connections: HashMap<Id, Arc<Connection>>,
    complained: Option<Instant>,
}

impl Server {
    fn new(router: Router, settings: Settings) -> Self {
        Self {
            router,
            settings,
            tasks: JoinSet::new(),
            connections: HashMap::new(),
            complained: None,
        }
    }

    fn is_full(&self) -> bool {
        self.connections.len() >= self.settings.connections_max
    }

    fn take(&mut self, stream: TcpStream) {
        // Answers are written whole: Nagle's algorithm would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = causes(&error), "TCP_NODELAY is not set");
        }
        let connection = Arc::new(Connection::new(self.settings.write_timeout));
        let task = connection::run(connection.clone(), stream, self.router.clone(), self.settings);
        self.connections.insert(self.tasks.spawn(task).id(), connection);
        if self.is_full() {
            self.make_room();
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(error = causes(&error), "a connection's task ended early");
                error.id()
            }
        };
        self.connections.remove(&id);
    }

    /// Asks the connections that have been idle longest to close, several at once: more clients may
    /// arrive while they do.
    fn make_room(&mut self) {
        if self.may_complain() {
            let connections = self.connections.len();
            tracing::warn!(connections, "the limit on connections is reached");
        }
        let waiting =
            self.connections.values().filter_map(|one| Some((one.could_close_after()?, one)));
        let mut waiting: Vec<_> = waiting.collect();
        waiting.retain(|(waited, _)| *waited >= UNDISTURBED);
        waiting.sort_unstable_by_key(|(waited, _)| Reverse(*waited));
        for (_, connection) in waiting.into_iter().take(self.settings.connections_max.div_ceil(16))
        {
            connection.close();
        }
    }

    async fn complain_and_pause(&mut self, error: &std::io::Error) {
        // These concern one client, which is gone already.
        let kinds = [
            ErrorKind::ConnectionAborted,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionRefused,
        ];
        if kinds.contains(&error.kind()) {
            return;
        }
        if self.may_complain() {
            tracing::error!(error = causes(error), "connections cannot be accepted");
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    fn may_complain(&mut self) -> bool {
        let may = self.complained.is_none_or(|last| last.elapsed() >= COMPLAINT_EVERY);
        if may {
            self.complained = Some(Instant::now());
        }
        may
    }

    async fn finish(mut self) {
        for connection in self.connections.values() {
            connection.close();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.settings.shutdown_timeout, ended).await.is_err() {
            let connections = self.tasks.len();
            tracing::warn!(connections, "requests that took too long to finish are cut off");
            self.tasks.shutdown().await;
        }
    }
}
