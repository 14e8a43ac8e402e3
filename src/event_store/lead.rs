//! Work that runs on one node at a time: the loop that takes a lease, renews it, retries failed
//! work and gives the lease back, for the projector, the relay and the reactors.

use std::error::Error as StdError;
use std::future::Future;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::lease::LASTS;
use crate::{Error, Lease, causes};

/// A third of a lease, so that two renewals may fail before it is lost.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often a standby asks for the lease.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Exponential back-off after a failure: doubled from 100 ms up to 5 s, and reset after
/// [`GOOD_AFTER`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Work that ran this long before it failed resets the back-off.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// Work that is done under a lease.
pub trait Led: Send {
    /// Why the work fails.
    type Error: StdError + Send + Sync + 'static + From<Error>;

    /// Works under the lease; returns when told to stop. The future is dropped midway when the
    /// lease is lost, so everything that it writes must be in a transaction that names the lease
    /// ([`Lease::hold`], [`Lease::advance`]).
    fn lead(&mut self, lease: &Lease) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Called about every [`Led::stand_by_pause`] while another node holds the lease.
    fn stand_by(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }

    /// How long a standby sleeps between two calls of [`Led::stand_by`].
    fn stand_by_pause(&self) -> Duration {
        ASK_EVERY
    }

    /// Called when the work has failed and will be retried after a pause; `causes` is the whole
    /// chain as one line.
    fn failed(&mut self, error: &Self::Error, causes: &str);
}

/// Takes the lease called `name` for `node` whenever it is free, and works under it until `stop` is
/// cancelled. Failed work is retried for ever. The lease is given back before each pause, so that a
/// node on which the work keeps failing does not keep the lease from others.
pub async fn lead<L: Led>(
    mut led: L,
    pool: PgPool,
    name: &str,
    node: Uuid,
    stop: CancellationToken,
) {
    let mut pause = PAUSE_MIN;
    while !stop.is_cancelled() {
        let started = Instant::now();
        match term(&mut led, &pool, name, node, &stop).await {
            Ok(End::Stopped) => return,
            Ok(End::LeaseLost) => tracing::warn!(lease = name, "the lease was lost"),
            Err(error) => {
                if started.elapsed() > GOOD_AFTER {
                    pause = PAUSE_MIN;
                }
                led.failed(&error, &causes(&error));
                let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Works under a lease once, if no other node holds it; `None` if one does.
///
/// # Errors
/// Those of the work, [`Error::LeaseLost`] when another node took over, and when PostgreSQL cannot
/// be reached.
pub async fn lead_once<T, E: From<Error>>(
    pool: &PgPool,
    name: &str,
    node: Uuid,
    work: impl AsyncFnOnce(&Lease) -> Result<T, E>,
) -> Result<Option<T>, E> {
    let Some(lease) = Lease::acquire(pool, name, node).await? else { return Ok(None) };
    let mut renewal = JoinSet::new();
    renewal.spawn(renew_until_lost(lease.clone(), pool.clone()));
    let worked = tokio::select! {
        worked = work(&lease) => worked,
        _ = renewal.join_next() => Err(lease.lost().into()),
    };
    renewal.shutdown().await;
    give_back(lease, pool).await;
    // Work that is done once leaves no row in `leases`: it would be listed as work that no node
    // does.
    sqlx::query("delete from leases where name = $1 and owner is null")
        .bind(name)
        .execute(pool)
        .await
        .map_err(|source| Error::Database { doing: "give a lease back", source })?;
    worked.map(Some)
}

/// How the work under a lease ended, when it did not fail.
enum End {
    Stopped,
    LeaseLost,
}

/// Waits for the lease and works under it once.
async fn term<L: Led>(
    led: &mut L,
    pool: &PgPool,
    name: &str,
    node: Uuid,
    stop: &CancellationToken,
) -> Result<End, L::Error> {
    let Some(lease) = wait_for_lease(led, pool, name, node, stop).await? else {
        return Ok(End::Stopped);
    };
    // A task of its own: work that computes for long must not hold up the renewal.
    let mut renewal = JoinSet::new();
    renewal.spawn(renew_until_lost(lease.clone(), pool.clone()));
    let worked = tokio::select! {
        worked = led.lead(&lease) => worked,
        _ = renewal.join_next() => return Ok(End::LeaseLost),
    };
    renewal.shutdown().await;
    if let Err(error) = worked {
        // A write that was refused because another node took over is no failure of the work.
        let held = tokio::time::timeout(RENEW_EVERY, lease.renew(pool)).await;
        if let Ok(Err(Error::LeaseLost { .. })) = held {
            return Ok(End::LeaseLost);
        }
        give_back(lease, pool).await;
        return Err(error);
    }
    give_back(lease, pool).await;
    Ok(End::Stopped)
}

/// `None`: told to stop.
async fn wait_for_lease<L: Led>(
    led: &mut L,
    pool: &PgPool,
    name: &str,
    node: Uuid,
    stop: &CancellationToken,
) -> Result<Option<Lease>, L::Error> {
    let mut asked: Option<Instant> = None;
    while !stop.is_cancelled() {
        if asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY) {
            if let Some(lease) = Lease::acquire(pool, name, node).await? {
                return Ok(Some(lease));
            }
            asked = Some(Instant::now());
        }
        let pause = led.stand_by_pause();
        match stop.run_until_cancelled(led.stand_by()).await {
            Some(stood_by) => stood_by?,
            None => return Ok(None),
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    Ok(None)
}

/// Returns when another node holds the lease, or when it must have expired because PostgreSQL
/// cannot be reached to renew it.
async fn renew_until_lost(lease: Lease, pool: PgPool) {
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep(RENEW_EVERY.saturating_sub(renewed.elapsed())).await;
        let asked = Instant::now();
        match tokio::time::timeout(RENEW_EVERY, lease.renew(&pool)).await {
            Ok(Ok(())) => renewed = asked,
            Ok(Err(Error::LeaseLost { .. })) => return,
            // Tried again soon: the lease has not expired yet.
            Ok(Err(_)) | Err(_) if renewed.elapsed() < LASTS => {
                tokio::time::sleep(PAUSE_MIN).await;
            }
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// When this fails, the lease expires by itself.
async fn give_back(lease: Lease, pool: &PgPool) {
    let _ = tokio::time::timeout(RENEW_EVERY, lease.release(pool)).await;
}
