use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use event_store::retrying;
use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::Error;

/// Keys in one statement that costs little for each.
pub(crate) const KEYS_MAX: usize = 1000;
/// Questions that may wait; further ones wait to be let in.
const WAITING_MAX: usize = 4096;
/// Statements under way at once: one that is heavy must not hold the light ones up.
const AT_ONCE: usize = 2;

/// What there is for keys.
pub(crate) type Fetched<K, V> = BoxFuture<'static, Result<HashMap<K, V>, sqlx::Error>>;
type Fetch<K, V> = dyn Fn(Vec<K>) -> Fetched<K, V> + Send + Sync;
type Found<K, V> = HashMap<K, Arc<V>>;
type Question<K, V> = (Vec<K>, Reply<K, V>);
type Reply<K, V> = oneshot::Sender<Result<Found<K, V>, Arc<Error>>>;

/// Collects the keys that are asked for while a statement is under way, and asks for all of them with the next one.
/// There is no artificial delay; a lone question is a statement of its own. A statement begins after the question
/// came, so the answer is never older than the question.
pub(crate) struct Loader<K, V> {
    queue: mpsc::Sender<Question<K, V>>,
}

impl<K, V> Clone for Loader<K, V> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
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
    /// Starts the workers, which ask for up to `keys_max` keys at once; they end when the last clone is gone.
    pub(crate) fn start<F>(doing: &'static str, keys_max: usize, fetch: F) -> Self
    where
        F: Fn(Vec<K>) -> Fetched<K, V> + Send + Sync + 'static,
    {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let (waiting, fetch) = (Arc::new(Mutex::new(waiting)), Arc::new(fetch));
        for _ in 0..AT_ONCE {
            #[expect(clippy::disallowed_methods, reason = "it ends with the last who can ask it")]
            tokio::spawn(work::<K, V>(waiting.clone(), fetch.clone(), doing, keys_max));
        }
        Self { queue }
    }

    /// What there is for these keys.
    pub(crate) async fn load(&self, keys: Vec<K>) -> Result<Found<K, V>, Error> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let (reply, found) = oneshot::channel();
        self.queue.send((keys, reply)).await.map_err(|_| Error::ShuttingDown)?;
        found.await.map_err(|_| Error::ShuttingDown)?.map_err(Error::Shared)
    }
}

async fn work<K, V>(
    waiting: Arc<Mutex<mpsc::Receiver<Question<K, V>>>>,
    fetch: Arc<Fetch<K, V>>,
    doing: &'static str,
    keys_max: usize,
) where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    loop {
        let mut questions = Vec::new();
        {
            let mut waiting = waiting.lock().await;
            let Some(first) = waiting.recv().await else { return };
            let mut keys = first.0.len();
            questions.push(first);
            while keys < keys_max
                && let Ok(next) = waiting.try_recv()
            {
                keys += next.0.len();
                questions.push(next);
            }
        }
        // Each key once: a statement answers for it as often as it is named.
        let asked: HashSet<K> = questions.iter().flat_map(|(asked, _)| asked).copied().collect();
        let keys: Vec<K> = asked.into_iter().collect();
        match retrying(|| fetch(keys.clone())).await.map_err(Error::database(doing)) {
            Ok(found) => {
                let found: Found<K, V> =
                    found.into_iter().map(|(key, value)| (key, Arc::new(value))).collect();
                for (asked, reply) in questions {
                    let of = |key: &K| Some((*key, found.get(key)?.clone()));
                    let _ = reply.send(Ok(asked.iter().filter_map(of).collect()));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for (_, reply) in questions {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// A loader whose statements wait for permits, and how many statements there were.
    fn slow_loader() -> (Loader<u8, u8>, Arc<Semaphore>, Arc<AtomicUsize>) {
        let (permits, statements) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (waiting, counted) = (permits.clone(), statements.clone());
        let loader = Loader::start("count", KEYS_MAX, move |keys: Vec<u8>| {
            let (permits, statements) = (waiting.clone(), counted.clone());
            async move {
                statements.fetch_add(1, Ordering::SeqCst);
                permits.acquire().await.unwrap().forget();
                let distinct: HashSet<u8> = keys.iter().copied().collect();
                assert_eq!(distinct.len(), keys.len(), "each key is asked for once");
                Ok(keys.into_iter().filter(|key| *key < 100).map(|key| (key, key)).collect())
            }
            .boxed()
        });
        (loader, permits, statements)
    }

    /// While both workers are busy.
    #[tokio::test]
    async fn many_who_ask_for_one_key_at_once_are_each_answered_by_few_statements() {
        let (loader, permits, statements) = slow_loader();
        let release = async {
            while statements.load(Ordering::SeqCst) < AT_ONCE
                || loader.queue.capacity() > WAITING_MAX - 500
            {
                tokio::task::yield_now().await;
            }
            permits.add_permits(500);
        };
        let busy = async |key| {
            loader.load(vec![key]).await.unwrap();
        };
        let many = async {
            while statements.load(Ordering::SeqCst) < AT_ONCE {
                tokio::task::yield_now().await;
            }
            join_all((0..500).map(|_| loader.load(vec![7]))).await
        };
        // One after the other, so that each has a statement of its own.
        let second = async {
            while statements.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            busy(2).await;
        };
        let (answers, ..) = tokio::join!(many, busy(1), second, release);
        for answer in answers {
            assert_eq!(answer.unwrap(), HashMap::from([(7, Arc::new(7))]));
        }
        let statements = statements.load(Ordering::SeqCst);
        assert!(statements <= AT_ONCE + 8, "{statements} statements");
    }

    #[tokio::test]
    async fn everyone_is_answered_for_their_own_keys_and_not_for_what_there_is_not() {
        let (loader, permits, _) = slow_loader();
        permits.add_permits(500);
        let answers = join_all((0..150).map(|key| loader.load(vec![key, 7, 7]))).await;
        for (key, answer) in (0..150).zip(answers) {
            let keys: HashSet<u8> = answer.unwrap().into_keys().collect();
            let expected: HashSet<u8> = [key, 7].into_iter().filter(|key| *key < 100).collect();
            assert_eq!(keys, expected);
        }
    }
}
