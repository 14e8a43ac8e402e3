use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::AccountId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use super::recent::{AsOf, Changed, RecentChanges};
use crate::Error;

/// A cache of answers to an account's queries. An entry is kept until an event concerns it, so
/// repeating a request costs no statement. Concurrent requests for the same answer share one read.
///
/// An entry is served as long as it is right as of the position that was announced when the request
/// came. It may reflect a later position: the rows may have been ahead of the announced one.
/// was announced.
pub(crate) struct Answers<Q, V> {
    slots: Arc<Slots<Q, V>>,
    age_max: Duration,
}

type Slots<Q, V> = Cache<(AccountId, Q), Arc<Slot<V>>, Size<V>>;

/// The answer to one question, once there is one.
struct Slot<V> {
    known: Option<Known<V>>,
    /// Held by the task that reads the answer. The next slot of the same question takes it over, so
    /// that one task reads at a time.
    reading: Arc<tokio::sync::Mutex<()>>,
}

struct Known<V> {
    answer: V,
    read_at: Instant,
    /// When the answer was last found to be right.
    as_of: Mutex<AsOf>,
}

/// How many bytes an answer takes.
struct Size<V>(fn(&V) -> usize);

impl<V> Clone for Size<V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<Q, V> Weighter<(AccountId, Q), Arc<Slot<V>>> for Size<V> {
    fn weight(&self, _: &(AccountId, Q), slot: &Arc<Slot<V>>) -> u64 {
        let answer = slot.known.as_ref().map_or(0, |known| (self.0)(&known.answer));
        (answer + size_of::<Slot<V>>() + size_of::<(AccountId, Q)>()) as u64
    }
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self { known: None, reading: Arc::default() }
    }
}

impl<Q, V> Clone for Answers<Q, V> {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), age_max: self.age_max }
    }
}

impl<Q, V> fmt::Debug for Answers<Q, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers")
    }
}

impl<Q: Clone + Eq + Hash, V: Clone> Answers<Q, V> {
    /// A cache of at most `bytes_max` bytes, of which each answer takes `size`; 0 disables it.
    pub(crate) fn new(bytes_max: u64, size: fn(&V) -> usize) -> Self {
        // An estimate, at half a kilobyte per entry.
        let items = usize::try_from(bytes_max / 512).unwrap_or(0);
        let slots = Arc::new(Cache::with_weighter(items, bytes_max, Size(size)));
        Self { slots, age_max: Duration::MAX }
    }

    /// Limits the age of entries, for answers that also change with time.
    pub(crate) fn for_at_most(self, age_max: Duration) -> Self {
        Self { age_max, ..self }
    }

    /// The answer as of `now`: the cached one if no event since concerns it, else what `read`
    /// returns.
    pub(crate) async fn get(
        &self,
        (account, question): (AccountId, Q),
        (recent, now): (&RecentChanges, AsOf),
        concerns: impl Fn(&V, &Changed) -> bool,
        read: impl Future<Output = Result<V, Error>>,
    ) -> Result<V, Error> {
        let key = (account, question);
        let slot = || self.slots.get_or_insert_with(&key, || Ok::<_, Error>(Arc::default()));
        let right = |slot: &Slot<V>| {
            let known = slot.known.as_ref()?;
            if known.read_at.elapsed() > self.age_max {
                return None;
            }
            // Assigned in one step, so it is valid even if the lock is poisoned.
            let mut as_of = known.as_of.lock().unwrap_or_else(PoisonError::into_inner);
            let concerns = |changed: &Changed| concerns(&known.answer, changed);
            if !recent.is_right(account, *as_of, now, concerns) {
                return None;
            }
            *as_of = now.max(*as_of);
            Some(known.answer.clone())
        };
        let before = slot()?;
        if let Some(answer) = right(&before) {
            return Ok(answer);
        }
        let _reading = before.reading.lock().await;
        if let Some(answer) = right(&*slot()?) {
            return Ok(answer);
        }
        let answer = read.await?;
        let (read_at, as_of) = (Instant::now(), Mutex::new(now));
        let known = Some(Known { answer: answer.clone(), read_at, as_of });
        self.slots.insert(key, Arc::new(Slot { known, reading: before.reading.clone() }));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use domain::{AccountPosition, ConversationId};
    use futures::future::join_all;
    use uuid::Uuid;

    use super::*;

    const ACCOUNT: AccountId = AccountId::FIRST;

    /// One question, whose answer is how often it has been read.
    struct Asked {
        recent: RecentChanges,
        answers: Answers<(), usize>,
        reads: AtomicUsize,
        concerns: fn(&Changed) -> bool,
    }

    impl Asked {
        fn new(age_max: Duration) -> Self {
            let answers = Answers::new(1 << 20, |_| 8).for_at_most(age_max);
            let concerns = |changed: &Changed| *changed != Changed::Nothing;
            Self { recent: RecentChanges::default(), answers, reads: AtomicUsize::new(0), concerns }
        }

        async fn ask(&self, position: i64) -> usize {
            let now = self.recent.as_of(AccountPosition::new(position));
            let concerns = |_: &usize, changed: &Changed| (self.concerns)(changed);
            let read = async {
                tokio::task::yield_now().await;
                Ok(self.reads.fetch_add(1, Ordering::SeqCst) + 1)
            };
            let asked = (ACCOUNT, ());
            self.answers.get(asked, (&self.recent, now), concerns, read).await.unwrap()
        }

        fn happen(&self, position: i64, changed: Changed) {
            self.recent.push(ACCOUNT, AccountPosition::new(position), changed);
        }
    }

    fn conversation() -> Changed {
        Changed::Conversation(ConversationId::new(Uuid::nil()))
    }

    #[tokio::test]
    async fn what_many_ask_at_once_is_read_once() {
        let asked = Asked::new(Duration::MAX);
        assert_eq!(join_all((0..100).map(|_| asked.ask(1))).await, [1; 100]);
    }

    #[tokio::test]
    async fn an_answer_is_read_anew_once_an_event_concerns_it() {
        let asked = Asked::new(Duration::MAX);
        assert_eq!(asked.ask(1).await, 1);
        asked.happen(2, Changed::Nothing);
        assert_eq!(asked.ask(2).await, 1);
        asked.happen(3, conversation());
        asked.happen(4, Changed::Nothing);
        assert_eq!((asked.ask(4).await, asked.ask(4).await), (2, 2));
    }

    #[tokio::test]
    async fn what_is_not_known_to_be_right_is_read_anew() {
        let asked = Asked::new(Duration::MAX);
        assert_eq!(asked.ask(1).await, 1);
        // This node has not seen the events in between.
        assert_eq!(asked.ask(5).await, 2);
        asked.happen(9, Changed::Nothing);
        assert_eq!(asked.ask(9).await, 3);
        // Rows changed other than by events.
        asked.recent.forget_all();
        assert_eq!(asked.ask(9).await, 4);
        // More changes than are kept.
        (10..1000).for_each(|position| asked.happen(position, conversation()));
        assert_eq!(asked.ask(999).await, 5);
    }

    #[tokio::test]
    async fn what_only_rare_changes_concern_stays_right_however_much_else_happens() {
        let mut asked = Asked::new(Duration::MAX);
        asked.concerns = |changed| *changed == Changed::Inbox;
        asked.happen(1, Changed::Nothing);
        assert_eq!(asked.ask(1).await, 1);
        (2..1000).for_each(|position| asked.happen(position, conversation()));
        assert_eq!(asked.ask(999).await, 1);
        asked.happen(1000, Changed::Inbox);
        (1001..2000).for_each(|position| asked.happen(position, conversation()));
        assert_eq!((asked.ask(1999).await, asked.ask(1999).await), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_by_the_clock_is_kept_for_so_long_only() {
        let asked = Asked::new(Duration::from_secs(1));
        assert_eq!((asked.ask(1).await, asked.ask(1).await), (1, 1));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert_eq!(asked.ask(1).await, 2);
    }
}
