use std::time::{Duration, Instant};

/// How long a test waits for a condition.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Polls until a condition holds; panics after [`PATIENCE`].
pub async fn wait_until(what: &str, holds: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
