use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_stream::try_stream;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::{Describe, Either, Execute, Executor, PgPool, Postgres};

/// Connections for reading. The pool asks the server on each connection that comes back whether it is still there,
/// which is one more round trip for every statement; what is read on here comes back without. A connection that broke
/// is noticed by the next statement on it, dropped, and the statement tried again ([`event_store::retrying`]).
#[derive(Clone)]
pub(crate) struct Readers {
    pool: PgPool,
    /// Half of the pool's at most: the others are for whoever writes.
    ready_max: usize,
    ready: Arc<Mutex<Vec<PoolConnection<Postgres>>>>,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl Readers {
    pub(crate) fn new(pool: PgPool) -> Self {
        let ready_max = pool.options().get_max_connections() as usize / 2;
        Self { pool, ready_max, ready: Arc::default() }
    }

    pub(crate) async fn take(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let ready = self.lock().pop();
        match ready {
            Some(connection) => Ok(connection),
            None => self.pool.acquire().await,
        }
    }

    /// Keeps a connection on which the last statement came to its end.
    pub(crate) fn give_back(&self, connection: PoolConnection<Postgres>) {
        let mut ready = self.lock();
        if ready.len() < self.ready_max && !self.pool.is_closed() {
            ready.push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<PoolConnection<Postgres>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement that fails, or is given up, takes its connection with it.
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
                let mut rows = connection.fetch_many(query);
                while let Some(row) = rows.try_next().await? {
                    yield row;
                }
            }
            self.give_back(connection);
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
            let row = connection.fetch_optional(query).await?;
            self.give_back(connection);
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
