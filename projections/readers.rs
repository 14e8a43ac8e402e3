use std::fmt;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_stream::try_stream;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::{Describe, Either, Execute, Executor, PgConnection, PgPool, Postgres};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Progress;
use crate::shares::{Share, Shares};

/// Settings of the connections that questions are asked on. A statement that takes too long is ended, and so is one that
/// nobody waits for any more: its connection is closed, and the server looks for that now and then.
pub const QUERIES: &[(&str, &str)] =
    &[("statement_timeout", "5s"), ("client_connection_check_interval", "250ms")];
/// After that the server has ended a statement whose connection was closed.
const ENDED_AFTER: Duration = Duration::from_millis(250);

/// Connections for reading. The pool asks the server on each connection that comes back whether it is still there,
/// which is one more round trip for every statement; what is read on here comes back without. A connection that broke
/// is noticed by the next statement on it, dropped, and the statement tried again ([`event_store::retrying`]).
#[derive(Clone)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    /// For whom, if it is for one account.
    account: Option<i64>,
}

struct Shared {
    /// For reading alone.
    pool: PgPool,
    /// What the rows must show.
    progress: Progress,
    /// As many as there are connections: the pool does not know of those that are ready.
    places: Arc<Semaphore>,
    ready: Mutex<Vec<PoolConnection<Postgres>>>,
    /// Half of the connections at most for each account, so that none keeps all others waiting.
    shares: Shares<i64>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl Readers {
    pub(crate) fn new(pool: PgPool, progress: Progress) -> Self {
        let connections_max = pool.options().get_max_connections() as usize;
        let shares = Shares::new(connections_max.div_ceil(2));
        let (places, ready) = (Arc::new(Semaphore::new(connections_max)), Mutex::default());
        Self { shared: Arc::new(Shared { pool, progress, places, ready, shares }), account: None }
    }

    /// The same connections, of which the account has its share.
    pub(crate) fn of_account(&self, account: i64) -> Self {
        Self { shared: self.shared.clone(), account: Some(account) }
    }

    async fn take(&self) -> Result<Reader, sqlx::Error> {
        let share = match self.account {
            Some(account) => Some(self.shared.shares.take(account).await),
            None => None,
        };
        let place = self.shared.places.clone().acquire_owned().await;
        let place = place.map_err(|_closed| sqlx::Error::PoolClosed)?;
        let ready = self.shared.lock().pop();
        let connection = match ready {
            Some(connection) => connection,
            None => self.shared.connect().await?,
        };
        Ok(Reader { connection: Some(connection), share, _place: place, of: self.shared.clone() })
    }
}

impl Shared {
    /// After a crash the server is another one, whose rows may be older than what was answered before: nothing is read
    /// there until they are not. It counts as a server that cannot be reached, so that whoever asks tries again.
    async fn connect(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
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

/// A connection for one statement. A statement that fails, or is given up, takes its connection with it.
struct Reader {
    connection: Option<PoolConnection<Postgres>>,
    share: Option<Share<i64>>,
    _place: OwnedSemaphorePermit,
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
    /// The statement came to its end: the connection is ready for the next.
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
        // Given back, it would be asked whether it is still there, which it answers when the statement has ended.
        connection.close_on_drop();
        drop(connection);
        // The server goes on for a moment, which counts: or a caller who keeps hanging up would have it do more for them
        // than one who waits.
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

impl<'p> Executor<'p> for &'p Readers {
    type Database = Postgres;

    fn fetch_many<'e, 'q, E>(
        self,
        query: E,
    ) -> BoxStream<
        'e,
        Result<
            Either<<Postgres as sqlx::Database>::QueryResult, <Postgres as sqlx::Database>::Row>,
            sqlx::Error,
        >,
    >
    where
        'p: 'e,
        'q: 'e,
        E: Execute<'q, Postgres> + 'q,
    {
        try_stream! {
            let mut connection = self.take().await?;
            {
                let mut rows = (&mut *connection).fetch_many(query);
                while let Some(row) = rows.try_next().await? {
                    yield row;
                }
            }
            connection.finished();
        }
        .boxed()
    }

    fn fetch_optional<'e, 'q, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<<Postgres as sqlx::Database>::Row>, sqlx::Error>>
    where
        'p: 'e,
        'q: 'e,
        E: Execute<'q, Postgres> + 'q,
    {
        async move {
            let mut connection = self.take().await?;
            let row = (&mut *connection).fetch_optional(query).await?;
            connection.finished();
            Ok(row)
        }
        .boxed()
    }

    fn prepare_with<'e, 'q>(
        self,
        sql: &'q str,
        parameters: &'e [<Postgres as sqlx::Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<Postgres as sqlx::Database>::Statement<'q>, sqlx::Error>>
    where
        'p: 'e,
        'q: 'e,
    {
        async move { self.take().await?.prepare_with(sql, parameters).await }.boxed()
    }

    fn describe<'e, 'q>(
        self,
        sql: &'q str,
    ) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'p: 'e,
        'q: 'e,
    {
        async move { self.take().await?.describe(sql).await }.boxed()
    }
}
