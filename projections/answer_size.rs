use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::AccountId;

use crate::Error;
use crate::shares::{Share, Shares};

/// Bytes that every answer may read, however busy the server is.
pub const SMALL_MAX: usize = 1024 * 1024;
/// Most bytes that one answer may read: more than a page of 100 of the longest messages, yet
/// [`LARGE_MAX`] of them at once take only some hundred megabytes.
const SIZE_MAX: usize = 80 * 1024 * 1024;
/// Concurrent answers above [`SMALL_MAX`], of all accounts together.
const LARGE_MAX: usize = 4;
/// How long an answer waits for one of the large ones to finish.
const WAIT: Duration = Duration::from_secs(5);

/// Slots for concurrent large answers; one account gets at most half of them.
pub(crate) type LargeAnswers = Shares<AccountId>;

pub(crate) fn large_answers() -> LargeAnswers {
    Shares::halves(LARGE_MAX)
}

/// How much was read for one answer. A large answer holds one of the few slots until the last clone
/// of this is dropped. It takes at most one, and has read little while it waits for it, so it
/// cannot deadlock with itself.
#[derive(Clone)]
pub struct AnswerSize(Arc<Counted>);

struct Counted {
    account: AccountId,
    bytes: AtomicUsize,
    large: LargeAnswers,
    share: OnceLock<Share<AccountId>>,
}

impl AnswerSize {
    pub(crate) fn new(account: AccountId, large: LargeAnswers) -> Self {
        Self(Arc::new(Counted {
            account,
            bytes: AtomicUsize::new(0),
            large,
            share: OnceLock::new(),
        }))
    }

    /// Whether this answer holds a slot for large answers.
    pub fn is_large(&self) -> bool {
        self.0.share.get().is_some()
    }

    /// Counts what was read. Returns false if that makes the answer a large one and no slot is
    /// free, or if it is larger than any answer may be.
    pub(crate) fn add(&self, bytes: usize) -> bool {
        let read = self.0.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if read <= SMALL_MAX || self.is_large() {
            return read <= SIZE_MAX;
        }
        let share = self.0.large.try_take(self.0.account);
        share.map(|share| self.0.share.set(share)).is_some()
    }

    /// Waits for a free slot for a large answer.
    ///
    /// # Errors
    /// [`Error::TooManyLargeAnswers`] if no slot becomes free within 5 s, [`Error::AnswerTooLarge`]
    /// if more was read than any answer may be made of.
    pub async fn make_room(&self) -> Result<(), Error> {
        if self.0.bytes.load(Ordering::Relaxed) > SIZE_MAX {
            return Err(Error::AnswerTooLarge);
        }
        if !self.is_large() {
            let share = tokio::time::timeout(WAIT, self.0.large.take(self.0.account)).await;
            // A clone may have waited at the same time; the second slot is released.
            let _ = self.0.share.set(share.map_err(|_elapsed| Error::TooManyLargeAnswers)?);
        }
        Ok(())
    }
}

impl fmt::Debug for AnswerSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.bytes.load(Ordering::Relaxed);
        f.debug_struct("AnswerSize").field("bytes", &bytes).finish_non_exhaustive()
    }
}

/// A statement returned more rows than there is room for, and was cancelled.
#[derive(Debug, thiserror::Error)]
#[error("the rows are too large to be read now")]
pub(crate) struct TooLarge;

impl From<TooLarge> for sqlx::Error {
    fn from(too_large: TooLarge) -> Self {
        Self::AnyDriverError(Box::new(too_large))
    }
}

pub(crate) fn is_too_large(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::AnyDriverError(cause) => cause.is::<TooLarge>(),
        _ => false,
    }
}
