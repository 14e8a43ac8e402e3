use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A limit on concurrent use, for all keys together and for each key, so that no key can take
/// everything. An unused key takes no memory.
pub struct Shares<K: Eq + Hash + Clone> {
    for_all: Arc<Semaphore>,
    for_each: usize,
    used: Arc<Mutex<HashMap<K, Used>>>,
}

struct Used {
    permits: Arc<Semaphore>,
    /// Callers that hold a share or wait for one.
    users: usize,
}

impl<K: Eq + Hash + Clone> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self { for_all: self.for_all.clone(), for_each: self.for_each, used: self.used.clone() }
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Shares<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shares").field("for_each", &self.for_each).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// `for_each` shares for each key, with no common limit.
    pub fn new(for_each: usize) -> Self {
        Self::with(Semaphore::MAX_PERMITS, for_each)
    }

    /// `for_all` shares for all keys together, of which each key gets at most half, rounded up.
    pub fn halves(for_all: usize) -> Self {
        Self::with(for_all, for_all.div_ceil(2))
    }

    fn with(for_all: usize, for_each: usize) -> Self {
        Self { for_all: Arc::new(Semaphore::new(for_all)), for_each, used: Arc::default() }
    }

    /// Waits for a share. Waiters are served in order.
    pub async fn take(&self, key: K) -> Share<K> {
        self.take_many(key, 1).await
    }

    /// Waits for `count` shares as one, or as many as a key may have.
    pub async fn take_many(&self, key: K, count: u32) -> Share<K> {
        let count = count.min(u32::try_from(self.for_each).unwrap_or(u32::MAX));
        let (user, permits) = self.enter(key);
        // The semaphores are never closed. A key's own permits are taken first, so that holders of
        // common permits never wait for a key.
        let of_key = permits.acquire_many_owned(count).await.ok();
        let of_all = self.for_all.clone().acquire_many_owned(count).await.ok();
        Share { _of_all: of_all, _of_key: of_key, _user: user }
    }

    /// A share, if one is free now.
    pub fn try_take(&self, key: K) -> Option<Share<K>> {
        let (user, permits) = self.enter(key);
        let of_key = permits.try_acquire_owned().ok()?;
        let of_all = self.for_all.clone().try_acquire_owned().ok()?;
        Some(Share { _of_all: Some(of_all), _of_key: Some(of_key), _user: user })
    }

    fn enter(&self, key: K) -> (User<K>, Arc<Semaphore>) {
        let mut used = self.lock();
        let fresh = || Used { permits: Arc::new(Semaphore::new(self.for_each)), users: 0 };
        let of_key = used.entry(key.clone()).or_insert_with(fresh);
        of_key.users += 1;
        let permits = of_key.permits.clone();
        (User { shares: self.clone(), key }, permits)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Used>> {
        // No change of the map can stop halfway, so a poisoned lock still guards a consistent map.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A share of a key; dropping it releases it.
pub struct Share<K: Eq + Hash + Clone> {
    _of_all: Option<OwnedSemaphorePermit>,
    // Dropped before `_user`, so that a caller in between finds the key with a free share.
    _of_key: Option<OwnedSemaphorePermit>,
    _user: User<K>,
}

impl<K: Eq + Hash + Clone> fmt::Debug for Share<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share")
    }
}

struct User<K: Eq + Hash + Clone> {
    shares: Shares<K>,
    key: K,
}

impl<K: Eq + Hash + Clone> Drop for User<K> {
    fn drop(&mut self) {
        let mut used = self.shares.lock();
        if let Some(of_key) = used.get_mut(&self.key) {
            of_key.users -= 1;
            if of_key.users == 0 {
                used.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn each_key_has_its_own_shares_and_leaves_nothing_behind() {
        let shares = Shares::new(2);
        let first = shares.take("ann").await;
        let second = shares.try_take("ann").unwrap();
        assert!(shares.try_take("ann").is_none());
        assert!(shares.try_take("bob").is_some());

        let mut waiting = Box::pin(shares.take("ann"));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first);
        let third = waiting.now_or_never().unwrap();
        assert!(shares.try_take("ann").is_none());

        drop((second, third));
        drop(shares.take("ann"));
        assert!(shares.lock().is_empty());
    }

    #[tokio::test]
    async fn of_what_there_is_for_all_a_key_has_half_and_no_more_than_is_left() {
        let shares = Shares::halves(4);
        let anns = shares.take_many("ann", 2).await;
        assert!(shares.try_take("ann").is_none());
        // A request for more than a key's limit is cut to the limit.
        let mut waiting = Box::pin(shares.take_many("ann", 3));
        assert!((&mut waiting).now_or_never().is_none());
        let bobs = shares.take_many("bob", 2).await;
        assert!(shares.try_take("cat").is_none());

        drop(anns);
        let anns = waiting.await;
        assert!(shares.try_take("cat").is_none());
        drop(bobs);
        assert!(shares.try_take("cat").is_some());
        drop(anns);
        assert!(shares.lock().is_empty());
    }
}
