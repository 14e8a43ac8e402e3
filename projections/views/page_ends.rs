use std::hash::Hash;
use std::sync::Arc;

use domain::Position;
use quick_cache::sync::Cache;

/// How many ends of pages are remembered, for each kind of list.
const ENDS_MAX: usize = 10_000;

/// Where recently shown pages ended, so that the next page can begin there instead of reading all
/// earlier items again.
///
/// Requests name an offset. A remembered end stands for that offset only as long as nothing has
/// changed, so it is used only at the position that it was noted at.
#[derive(Debug)]
pub(super) struct PageEnds<L, E, P = Position>(Arc<Cache<(L, i64), (P, E)>>);

impl<L, E, P> Clone for PageEnds<L, E, P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<L: Eq + Hash, E: Clone, P: Clone> Default for PageEnds<L, E, P> {
    fn default() -> Self {
        Self(Arc::new(Cache::new(ENDS_MAX)))
    }
}

impl<L: Eq + Hash, E: Clone, P: Copy + PartialEq> PageEnds<L, E, P> {
    /// The end of the first `skip` items of a list, if it is known as of this position.
    pub(super) fn find(&self, list: L, skip: i64, position: P) -> Option<E> {
        let (shown_at, end) = self.0.get(&(list, skip))?;
        (shown_at == position).then_some(end)
    }

    /// Notes that the first `count` items of a list end there.
    pub(super) fn note(&self, list: L, count: i64, position: P, end: E) {
        self.0.insert((list, count), (position, end));
    }
}
