//! Long computations run on threads of their own: on the runtime's threads they would delay every
//! request.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use domain::AccountId;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{Error, Shares};

/// Concurrent jobs per account. An account's further jobs wait here before they compete with other
/// accounts'.
static OF_ACCOUNT: LazyLock<Shares<Option<AccountId>>> = LazyLock::new(|| Shares::new(1));
/// Concurrent jobs of all accounts: half of the processors, at least one.
static AT_ONCE: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new((processors / 2).max(1)))
});

/// Runs an account's work on a thread of its own. When the future is dropped, the work stops where
/// it next waits or yields ([`tokio::task::yield_now`]).
///
/// # Errors
/// The work's own.
pub(crate) async fn aside<T, F>(account: Option<AccountId>, work: F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let share = OF_ACCOUNT.take(account).await;
    let permit = AT_ONCE.clone().acquire_owned().await.map_err(|_| Error::ShuttingDown)?;
    let stop = CancellationToken::new();
    let _stopped_when_dropped = stop.clone().drop_guard();
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let _until_it_ends = (share, permit);
        runtime.block_on(stop.run_until_cancelled(work))
    });
    // The task panicked, which is logged, or the process is shutting down.
    done.await.ok().flatten().unwrap_or(Err(Error::ShuttingDown))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// The test's runtime has one thread: work on that thread would hold up everything else.
    #[tokio::test]
    async fn work_keeps_nobody_waiting_who_does_something_else() {
        let computing = Duration::from_millis(400);
        let work = async move {
            std::thread::sleep(computing);
            Ok(7)
        };
        let mut longest_wait = Duration::ZERO;
        let others = async {
            let mut served = Instant::now();
            loop {
                tokio::task::yield_now().await;
                longest_wait = longest_wait.max(served.elapsed());
                served = Instant::now();
            }
        };
        let done = tokio::select! {
            done = aside(Some(AccountId::new(3)), work) => done.unwrap(),
            () = others => unreachable!(),
        };
        assert_eq!(done, 7);
        assert!(longest_wait < computing / 2, "{longest_wait:?}");
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_ended_and_leaves_its_place() {
        let endless = || async {
            loop {
                tokio::task::yield_now().await;
            }
        };
        for _ in 0..2 * available_parallelism().unwrap().get() {
            let waited = aside::<(), _>(Some(AccountId::FIRST), endless());
            assert!(tokio::time::timeout(Duration::from_millis(10), waited).await.is_err());
        }
        let others = tokio::time::timeout(
            Duration::from_secs(5),
            aside(Some(AccountId::new(2)), async { Ok(7) }),
        );
        assert_eq!(others.await.unwrap().unwrap(), 7);
    }
}
