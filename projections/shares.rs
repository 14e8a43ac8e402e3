use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many at once for each key, so that nobody takes all there is. A key that nobody uses takes no memory.
pub struct Shares<K: Eq + Hash + Clone> {
    at_once: usize,
    used: Arc<Mutex<HashMap<K, Used>>>,
}

struct Used {
    permits: Arc<Semaphore>,
    /// Those who have a share or wait for one.
    users: usize,
}

impl<K: Eq + Hash + Clone> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self { at_once: self.at_once, used: self.used.clone() }
    }
}

impl<K: Eq + Hash + Clone> fmt::Debug for Shares<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shares").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// `at_once` for each key.
    pub fn new(at_once: usize) -> Self {
        Self { at_once, used: Arc::default() }
    }

    /// A share, as soon as there is one. Those who wait are served in their order.
    pub async fn take(&self, key: K) -> Share<K> {
        let (user, permits) = self.enter(key);
        // Nobody closes it.
        let permit = permits.acquire_owned().await.ok();
        Share { _permit: permit, _user: user }
    }

    /// A share, if there is one now.
    pub fn try_take(&self, key: K) -> Option<Share<K>> {
        let (user, permits) = self.enter(key);
        let permit = permits.try_acquire_owned().ok()?;
        Some(Share { _permit: Some(permit), _user: user })
    }

    fn enter(&self, key: K) -> (User<K>, Arc<Semaphore>) {
        let mut used = self.lock();
        let fresh = || Used { permits: Arc::new(Semaphore::new(self.at_once)), users: 0 };
        let of_key = used.entry(key.clone()).or_insert_with(fresh);
        of_key.users += 1;
        let permits = of_key.permits.clone();
        (User { shares: self.clone(), key }, permits)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Used>> {
        // Each change is made whole.
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the shares of a key, until it is dropped.
pub struct Share<K: Eq + Hash + Clone> {
    // Given back before its user leaves: whoever comes between the two finds the key with a share to take.
    _permit: Option<OwnedSemaphorePermit>,
    _user: User<K>,
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
}
