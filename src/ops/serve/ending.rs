//! How a server ends: by a panic or a signal, and draining.

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ops::Failure;

/// Returns when a task has panicked: the server cannot go on without any of them.
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
                tracing::warn!("second signal: stopping at once");
                std::process::exit(1);
            }
            cancelled.cancel();
        }
    });
    Ok(shutdown)
}

/// Waits until all tasks have ended and all connections are closed, at most for `patience`.
pub(super) async fn drain(mut followers: JoinSet<()>, pools: [PgPool; 2], patience: Duration) {
    let drained = async {
        while followers.join_next().await.is_some() {}
        for pool in pools {
            pool.close().await;
        }
    };
    match tokio::time::timeout(patience, drained).await {
        Ok(()) => tracing::info!("stopped"),
        Err(_elapsed) => tracing::warn!(?patience, "stopped before everything was drained"),
    }
}
