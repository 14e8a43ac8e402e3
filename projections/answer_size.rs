use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::AccountId;

use crate::Error;
use crate::shares::{Share, Shares};

/// What may be read for one answer, in bytes, whatever else is under way.
pub const SMALL_MAX: usize = 1024 * 1024;
/// What one answer may be made of, so that a few at once are no matter of gigabytes: more than a page
/// of a hundred of the longest messages.
const SIZE_MAX: usize = 80 * 1024 * 1024;
/// Larger answers at once, of all accounts together.
const LARGE_MAX: usize = 4;
/// Until one of those is over.
const WAIT: Duration = Duration::from_secs(5);

/// The larger answers that are under way.
pub(crate) type LargeAnswers = Shares<AccountId>;

pub(crate) fn large_answers() -> LargeAnswers {
    Shares::halves(LARGE_MAX)
}

/// How much was read for one answer. A large one has a share of what there is for those until the
/// last clone of this is gone. It takes one and no more, and whoever waits for it has read little,
/// so that nothing waits for itself.
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

    /// Whether it has one of the shares for large answers.
    pub fn is_large(&self) -> bool {
        self.0.share.get().is_some()
    }

    /// Counts what was read. False when that makes it a large answer, and there is no room for
    /// another one, or larger than any may be.
    pub(crate) fn add(&self, bytes: usize) -> bool {
        let read = self.0.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if read <= SMALL_MAX || self.is_large() {
            return read <= SIZE_MAX;
        }
        let share = self.0.large.try_take(self.0.account);
        share.map(|share| self.0.share.set(share)).is_some()
    }

    /// Waits for room for a large answer.
    ///
    /// # Errors
    /// [`Error::TooManyLargeAnswers`] when there is none in time, [`Error::AnswerTooLarge`] when there
    /// never is.
    pub async fn make_room(&self) -> Result<(), Error> {
        if self.0.bytes.load(Ordering::Relaxed) > SIZE_MAX {
            return Err(Error::AnswerTooLarge);
        }
        if !self.is_large() {
            let share = tokio::time::timeout(WAIT, self.0.large.take(self.0.account)).await;
            // Two may have waited for the same answer; the second share is given back.
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

/// A statement has given more than there is room for, and was ended.
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
