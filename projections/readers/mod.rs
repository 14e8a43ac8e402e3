mod executor;

use std::fmt;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::AccountId;
use event_store::retrying;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, Row as _};

use crate::answer_size::{self, AnswerSize, LargeAnswers, is_too_large};
use crate::shares::{Share, Shares};
use crate::{Error, Progress};

/// Settings of the connections for queries. The server cancels a statement that takes too long, and
/// one whose caller is gone: its connection is closed, which the server checks every 250 ms.
pub const QUERIES: &[(&str, &str)] =
    &[("statement_timeout", "5s"), ("client_connection_check_interval", "250ms")];
/// By then the server has ended a statement whose connection was closed.
const ENDED_AFTER: Duration = Duration::from_millis(250);

/// Connections for reading. The pool asks the server on each connection that comes back whether it
/// is still there, which is one more round trip for every statement; these connections are returned
/// without that check. A broken connection is noticed by the next statement on it, dropped, and the
/// statement retried ([`event_store::retrying`]).
#[derive(Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    /// The account whose share of the connections is used, if any.
    account: Option<AccountId>,
    /// Counts what is read for an answer, if it is for a single one.
    answer: Option<AnswerSize>,
    /// Most bytes of one statement's rows; more is an error.
    rows_size_max: usize,
}

/// Most bytes that a combined statement may read; requests that need more are answered alone.
const TOGETHER_SIZE_MAX: usize = 2 * 1024 * 1024;

struct Shared {
    /// For reading alone.
    pool: PgPool,
    /// The position that rows must have reached.
    progress: Progress,
    ready: Mutex<Vec<PoolConnection<Postgres>>>,
    /// As many as the pool has connections, because the pool does not know of those in `ready`. An
    /// account gets half of them at most, so that it cannot keep all others waiting.
    shares: Shares<Option<AccountId>>,
    large_answers: LargeAnswers,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl Readers {
    pub(crate) fn new(pool: PgPool, progress: Progress) -> Self {
        let connections_max = pool.options().get_max_connections() as usize;
        let shared = Shared {
            pool,
            progress,
            ready: Mutex::default(),
            shares: Shares::halves(connections_max),
            large_answers: answer_size::large_answers(),
        };
        let (shared, rows_size_max) = (Arc::new(shared), usize::MAX);
        Self { shared, account: None, answer: None, rows_size_max }
    }

    /// Readers for one answer of an account, limited to the account's share of the connections.
    pub(crate) fn of_account(&self, account: AccountId) -> Self {
        let answer = AnswerSize::new(account, self.shared.large_answers.clone());
        Self { account: Some(account), answer: Some(answer), ..self.clone() }
    }

    /// Readers for statements that serve several answers of the same account.
    pub(crate) fn together(&self) -> Self {
        Self { answer: None, rows_size_max: TOGETHER_SIZE_MAX, ..self.clone() }
    }

    pub(crate) fn account(&self) -> Option<AccountId> {
        self.account
    }

    pub(crate) fn answer(&self) -> Option<&AnswerSize> {
        self.answer.as_ref()
    }

    /// Queries PostgreSQL, and retries where the connection turns out to be broken, which is not
    /// checked before. A large answer that finds no free slot is abandoned and started again later:
    /// while it waits it holds neither rows nor a connection.
    pub(crate) async fn ask<T, F>(
        &self,
        doing: &'static str,
        statement: impl Fn() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        loop {
            match (retrying(&statement).await, &self.answer) {
                (Err(error), Some(answer)) if is_too_large(&error) => answer.make_room().await?,
                (outcome, _) => return outcome.map_err(Error::database(doing)),
            }
        }
    }

    /// Counts bytes of an answer that were not read for it alone.
    pub(crate) async fn count(&self, bytes: usize) -> Result<(), Error> {
        match &self.answer {
            Some(answer) if !answer.add(bytes) => answer.make_room().await,
            _ => Ok(()),
        }
    }

    async fn take(&self) -> Result<Reader, sqlx::Error> {
        let share = self.shared.shares.take(self.account).await;
        let ready = self.shared.lock().pop();
        let connection = match ready {
            Some(connection) => connection,
            None => self.shared.connect().await?,
        };
        Ok(Reader { connection: Some(connection), share: Some(share), of: self.shared.clone() })
    }
}

/// The row's size in bytes, as received.
fn size(row: &PgRow) -> usize {
    let value = |column| Some(row.try_get_raw(column).ok()?.as_bytes().ok()?.len());
    (0..row.len()).filter_map(value).sum()
}

impl Shared {
    /// After a crash of PostgreSQL, rows may be older than earlier answers. New connections are
    /// refused until the rows have caught up, with the error of an unreachable server, so that the
    /// caller tries again.
    async fn connect(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        self.progress.generation.choose(&mut connection).await?;
        if self.progress.is_kept(&mut connection).await? {
            return Ok(connection);
        }
        connection.close_on_drop();
        let behind = "the read models are behind what was answered before";
        Err(sqlx::Error::Io(std::io::Error::new(ErrorKind::ConnectionRefused, behind)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PoolConnection<Postgres>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for one statement. It is closed if the statement fails or is cancelled.
struct Reader {
    connection: Option<PoolConnection<Postgres>>,
    share: Option<Share<Option<AccountId>>>,
    of: Arc<Shared>,
}

const TAKEN: &str = "only the end takes it";

impl Deref for Reader {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect(TAKEN)
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect(TAKEN)
    }
}

impl Reader {
    /// The statement has ended, and its connection is ready for the next one.
    fn finished(mut self) {
        if let Some(connection) = self.connection.take()
            && !self.of.pool.is_closed()
        {
            self.of.lock().push(connection);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // Closed rather than returned: the pool would ping it, and wait until the statement has
        // ended.
        connection.close_on_drop();
        drop(connection);
        // The server continues for a moment, which counts against the share: otherwise a caller who
        // keeps hanging up would get more done than one who waits.
        if let Some(share) = self.share.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                tokio::time::sleep(ENDED_AFTER).await;
                drop(share);
            });
        }
    }
}
