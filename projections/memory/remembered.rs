use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::loader::{Fetched, KEYS_MAX, Loader};
use crate::Error;
use crate::readers::Readers;

type Known<K, V> = Cache<K, Arc<V>, Size<V>>;

/// How many bytes a value takes.
pub(crate) struct Size<V>(fn(&V) -> usize);

impl<V> Clone for Size<V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<K, V> Weighter<K, Arc<V>> for Size<V> {
    fn weight(&self, _: &K, value: &Arc<V>) -> u64 {
        self.0(value) as u64
    }
}

/// A cache of values by key that loads those it does not have.
///
/// A value that changes while it is being loaded may have been read before the change, so it is not
/// kept. Callers who asked for it before the change was announced may still receive it.
pub(crate) struct Remembered<K, V> {
    known: Arc<Known<K, V>>,
    /// Keys whose values are being loaded into the cache, and by how many loads.
    loading: Arc<Mutex<HashMap<K, Loading>>>,
    loader: Loader<K, V>,
    size: fn(&V) -> usize,
}

#[derive(Debug, Default)]
struct Loading {
    loads: usize,
    /// The value changed meanwhile, so it is not to be kept.
    changed: bool,
}

impl<K, V> fmt::Debug for Remembered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Self {
        Self {
            known: self.known.clone(),
            loading: self.loading.clone(),
            loader: self.loader.clone(),
            size: self.size,
        }
    }
}

impl<K, V> Remembered<K, V>
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// At most `bytes_max` bytes in all, of which each value takes `size`; 0 disables the cache.
    pub(crate) fn new<F>(
        bytes_max: u64,
        size: fn(&V) -> usize,
        doing: &'static str,
        fetch: F,
    ) -> Self
    where
        F: Fn(Readers, Vec<K>) -> Fetched<K, V> + Send + Sync + 'static,
    {
        // An estimate, at half a kilobyte per entry.
        let items = usize::try_from(bytes_max / 512).unwrap_or(0);
        let known = Arc::new(Cache::with_weighter(items, bytes_max, Size(size)));
        let loader = Loader::new(doing, KEYS_MAX, fetch);
        Self { known, loading: Arc::default(), loader, size }
    }

    /// The values that exist for these keys.
    pub(crate) async fn all(
        &self,
        readers: &Readers,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<HashMap<K, Arc<V>>, Error> {
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for key in keys {
            // A page often names the same user several times.
            let Entry::Vacant(unknown) = found.entry(key) else { continue };
            match self.known.get(&key) {
                Some(value) => {
                    unknown.insert(value);
                }
                None => missing.push(key),
            }
        }
        if !missing.is_empty() {
            found.extend(self.load(readers, missing).await?);
        }
        readers.count(found.values().map(|value| (self.size)(value)).sum()).await?;
        Ok(found)
    }

    /// One value, if there is one.
    pub(crate) async fn one(&self, readers: &Readers, key: K) -> Result<Option<Arc<V>>, Error> {
        let value = match self.known.get(&key) {
            Some(value) => Some(value),
            None => self.load(readers, vec![key]).await?.remove(&key),
        };
        readers.count(value.as_ref().map_or(0, |value| (self.size)(value))).await?;
        Ok(value)
    }

    /// A value, if it is cached.
    pub(crate) fn known(&self, key: &K) -> Option<Arc<V>> {
        self.known.get(key)
    }

    async fn load(&self, readers: &Readers, keys: Vec<K>) -> Result<HashMap<K, Arc<V>>, Error> {
        let keeping = Keeping::new(self.loading.clone(), keys.clone());
        let found = self.loader.load(readers, keys).await?;
        keeping.keep(&found, &self.known);
        Ok(found)
    }

    /// Evicts a value that has changed.
    pub(crate) fn forget(&self, key: &K) {
        let mut loading = lock(&self.loading);
        if let Some(loading) = loading.get_mut(key) {
            loading.changed = true;
        }
        self.known.remove(key);
    }

    /// Replaces a cached value that has changed; without a new one, it is evicted.
    pub(crate) fn replace(&self, key: &K, change: impl FnOnce(&Arc<V>) -> Option<Arc<V>>) {
        let mut loading = lock(&self.loading);
        if let Some(loading) = loading.get_mut(key) {
            loading.changed = true;
        }
        match self.known.get(key).map(|known| change(&known)) {
            Some(Some(changed)) => self.known.insert(*key, changed),
            Some(None) => drop(self.known.remove(key)),
            None => {}
        }
    }

    /// Applies a change to the value if it is cached. One that is being loaded is not kept.
    pub(crate) fn change(&self, key: &K, change: impl FnOnce(&V)) {
        let mut loading = lock(&self.loading);
        if let Some(loading) = loading.get_mut(key) {
            loading.changed = true;
        }
        if let Some(value) = self.known.get(key) {
            change(&value);
        }
    }

    /// Evicts everything.
    pub(crate) fn forget_all(&self) {
        let mut loading = lock(&self.loading);
        loading.values_mut().for_each(|loading| loading.changed = true);
        self.known.clear();
    }
}

/// A load whose values are to be cached. Dropping it, as when its request is cancelled, takes its
/// keys off the list.
struct Keeping<K: Eq + Hash> {
    loading: Arc<Mutex<HashMap<K, Loading>>>,
    keys: Vec<K>,
}

impl<K: Copy + Eq + Hash + Send + Sync + 'static> Keeping<K> {
    fn new(loading: Arc<Mutex<HashMap<K, Loading>>>, keys: Vec<K>) -> Self {
        let mut locked = lock(&loading);
        for key in &keys {
            locked.entry(*key).or_default().loads += 1;
        }
        drop(locked);
        Self { loading, keys }
    }

    fn keep<V: Send + Sync + 'static>(self, found: &HashMap<K, Arc<V>>, known: &Known<K, V>) {
        let loading = lock(&self.loading);
        for key in &self.keys {
            let changed = loading.get(key).is_none_or(|loading| loading.changed);
            if let (false, Some(value)) = (changed, found.get(key)) {
                known.insert(*key, value.clone());
            }
        }
    }
}

impl<K: Eq + Hash> Drop for Keeping<K> {
    fn drop(&mut self) {
        let mut loading = lock(&self.loading);
        for key in &self.keys {
            let finished = loading.get_mut(key).is_some_and(|loading| {
                loading.loads -= 1;
                loading.loads == 0
            });
            if finished {
                loading.remove(key);
            }
        }
    }
}

fn lock<K>(loading: &Mutex<HashMap<K, Loading>>) -> MutexGuard<'_, HashMap<K, Loading>> {
    loading.lock().unwrap_or_else(PoisonError::into_inner)
}
