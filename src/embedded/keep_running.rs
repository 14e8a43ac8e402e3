use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Error;

/// A server that is ours to keep running.
pub trait Private {
    /// For people.
    const NAME: &str;

    /// Waits for its end; returns the last lines of its log.
    fn ended(&mut self) -> impl Future<Output = String> + Send;

    /// Starts it again where its clients look for it.
    fn restart(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// How often a server is started again within [`WITHIN`]. One that ends more often will not get
/// better by itself.
const RESTARTS_MAX: usize = 3;
const WITHIN: Duration = Duration::from_secs(600);

/// Starts a server again whenever it ends, and returns when that is no use; never where there is
/// none.
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
