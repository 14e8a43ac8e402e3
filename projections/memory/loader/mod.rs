#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::AccountId;
use event_store::retrying;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::Error;
use crate::readers::Readers;

/// Most keys per statement, where each key is cheap.
pub(crate) const KEYS_MAX: usize = 1000;
/// Concurrent statements per account: a heavy one must not hold up the light ones.
const AT_ONCE: usize = 2;

/// The values found for some keys.
pub(crate) type Fetched<K, V> = BoxFuture<'static, Result<HashMap<K, V>, sqlx::Error>>;
type Found<K, V> = HashMap<K, Arc<V>>;
type Question<K, V> = (Vec<K>, oneshot::Sender<Result<Found<K, V>, Arc<Error>>>);

/// Collects the keys that an account requests while a statement is running, and loads all of them
/// with the next one. There is no artificial delay: a single request is a statement of its own. A
/// statement starts after the requests it serves, so an answer is never older than its request.
/// Keys whose rows are too large to be loaded together are loaded for each request alone.
///
/// Accounts never wait for each other's requests: statements run on the account's own share of
/// connections.
pub(crate) struct Loader<K, V>(Arc<Shared<K, V>>);

struct Shared<K, V> {
    doing: &'static str,
    keys_max: usize,
    fetch: Box<dyn Fn(Readers, Vec<K>) -> Fetched<K, V> + Send + Sync>,
    waiting: Mutex<HashMap<Option<AccountId>, Waiting<K, V>>>,
}

/// Waiting requests of one account; the entry exists only while a statement is under way.
struct Waiting<K, V> {
    questions: VecDeque<Question<K, V>>,
    workers: usize,
}

impl<K, V> Clone for Loader<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> fmt::Debug for Loader<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loader")
    }
}

impl<K, V> Loader<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// A statement takes requests until it has `keys_max` keys.
    pub(crate) fn new<F>(doing: &'static str, keys_max: usize, fetch: F) -> Self
    where
        F: Fn(Readers, Vec<K>) -> Fetched<K, V> + Send + Sync + 'static,
    {
        let (fetch, waiting) = (Box::new(fetch), Mutex::default());
        Self(Arc::new(Shared { doing, keys_max, fetch, waiting }))
    }

    /// The values that exist for these keys.
    pub(crate) async fn load(&self, readers: &Readers, keys: Vec<K>) -> Result<Found<K, V>, Error> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        match self.load_together(readers, keys.clone()).await {
            Err(error) if error.is_too_large() => {
                let alone = || (self.0.fetch)(readers.clone(), keys.clone());
                Ok(shared(readers.ask(self.0.doing, alone).await?))
            }
            found => found,
        }
    }

    async fn load_together(&self, readers: &Readers, keys: Vec<K>) -> Result<Found<K, V>, Error> {
        let (reply, found) = oneshot::channel();
        if self.0.push(readers.account(), (keys, reply)) {
            #[expect(clippy::disallowed_methods, reason = "it ends when no question is left")]
            tokio::spawn(self.0.clone().work(readers.together()));
        }
        found.await.map_err(|_| Error::ShuttingDown)?.map_err(Error::Shared)
    }
}

impl<K, V> Shared<K, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Option<AccountId>, Waiting<K, V>>> {
        // No change of the map can stop halfway, so a poisoned lock still guards a consistent map.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_off(
        waiting: &mut HashMap<Option<AccountId>, Waiting<K, V>>,
        account: Option<AccountId>,
    ) {
        let Some(of_account) = waiting.get_mut(&account) else { return };
        of_account.workers -= 1;
        if of_account.workers == 0 {
            waiting.remove(&account);
        }
    }
}

impl<K, V> Shared<K, V>
where
    K: Copy + Eq + Hash,
{
    /// Queues a request; returns whether another worker has to start.
    fn push(&self, account: Option<AccountId>, question: Question<K, V>) -> bool {
        let mut waiting = self.lock();
        let none = || Waiting { questions: VecDeque::new(), workers: 0 };
        let of_account = waiting.entry(account).or_insert_with(none);
        of_account.questions.push_back(question);
        let is_needed = of_account.workers < AT_ONCE;
        of_account.workers += usize::from(is_needed);
        is_needed
    }

    /// Takes the requests for one statement; without any, the calling worker is counted off.
    fn pop(&self, account: Option<AccountId>) -> Vec<Question<K, V>> {
        let mut waiting = self.lock();
        let Some(of_account) = waiting.get_mut(&account) else { return vec![] };
        let (mut questions, mut keys) = (Vec::new(), 0);
        while keys < self.keys_max
            && let Some(question) = of_account.questions.pop_front()
        {
            keys += question.0.len();
            questions.push(question);
        }
        if questions.is_empty() {
            Self::count_off(&mut waiting, account);
        }
        questions
    }

    async fn work(self: Arc<Self>, readers: Readers) {
        let _counted = Counted { shared: &self, account: readers.account() };
        loop {
            let questions = self.pop(readers.account());
            if questions.is_empty() {
                return;
            }
            // Each key once: a statement returns a row for each time that a key is listed.
            let asked: HashSet<K> =
                questions.iter().flat_map(|(asked, _)| asked).copied().collect();
            let keys: Vec<K> = asked.into_iter().collect();
            let found = retrying(|| (self.fetch)(readers.clone(), keys.clone())).await;
            let found =
                found.map(shared).map_err(|error| Arc::new(Error::database(self.doing)(error)));
            for (asked, reply) in questions {
                let of = |found: &Found<K, V>| {
                    let of = |key: &K| Some((*key, found.get(key)?.clone()));
                    asked.iter().filter_map(of).collect()
                };
                // The receiver is gone if the request was cancelled.
                let _ = reply.send(found.as_ref().map(of).map_err(Arc::clone));
            }
        }
    }
}

/// A worker that panics is subtracted too, or its account would have none left after two panics. If
/// it was the last one, waiting requests fail.
struct Counted<'a, K, V> {
    shared: &'a Shared<K, V>,
    account: Option<AccountId>,
}

impl<K, V> Drop for Counted<'_, K, V> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            Shared::count_off(&mut self.shared.lock(), self.account);
        }
    }
}

fn shared<K: Eq + Hash, V>(found: HashMap<K, V>) -> Found<K, V> {
    found.into_iter().map(|(key, value)| (key, Arc::new(value))).collect()
}
