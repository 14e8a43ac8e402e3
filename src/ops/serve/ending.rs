//! What ends a server.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ops::Failure;

/// Returns when a task has panicked: each of them is one without which the server cannot go on.
pub(super) async fn panicked(tasks: &mut JoinSet<()>) -> Failure {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            return anyhow::anyhow!("a task without which the server cannot go on: {error}").into();
        }
    }
    std::future::pending().await
}

/// Cancelled at the first Ctrl-C or SIGTERM; a second one ends the process at once.
#[expect(clippy::disallowed_methods, reason = "it listens until the process ends")]
pub(super) fn shutdown_signal() -> Result<CancellationToken, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let shutdown = CancellationToken::new();
    let cancelled = shutdown.clone();
    tokio::spawn(async move {
        for second in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if second {
                tracing::warn!("told twice to stop: stopping at once");
                std::process::exit(1);
            }
            cancelled.cancel();
        }
    });
    Ok(shutdown)
}
