use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Error;

/// A private server that this process keeps running.
pub trait Private {
    /// Its name in messages.
    const NAME: &str;

    /// Waits until it exits; returns the last lines of its log.
    fn ended(&mut self) -> impl Future<Output = String> + Send;

    /// Restarts it at the same address.
    fn restart(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Most restarts of a server within [`WITHIN`]. One that exits more often will not recover by
/// itself.
const RESTARTS_MAX: usize = 3;
const WITHIN: Duration = Duration::from_secs(600);

/// Restarts a server whenever it exits. Returns when restarting is pointless; never without a
/// server.
pub async fn keep_running<S: Private>(server: Option<&mut S>) -> Error {
    let Some(server) = server else { return std::future::pending().await };
    let mut restarts = VecDeque::new();
    loop {
        let log = server.ended().await;
        restarts.retain(|at: &Instant| at.elapsed() < WITHIN);
        if restarts.len() == RESTARTS_MAX {
            return Error::KeepsEnding { server: S::NAME, times: RESTARTS_MAX + 1, log };
        }
        restarts.push_back(Instant::now());
        tracing::error!(server = S::NAME, log, "a private server has ended: starting it again");
        if let Err(error) = server.restart().await {
            return error;
        }
        tracing::info!(server = S::NAME, "the private server is up again");
    }
}
