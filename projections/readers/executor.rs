//! Queries run on [`Readers`] as on any other executor of the driver.

use async_stream::try_stream;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use sqlx::{Describe, Either, Execute, Executor, Postgres};

use super::{Readers, size};
use crate::answer_size::TooLarge;

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
            let mut is_too_large = false;
            {
                let mut rows = (&mut *connection).fetch_many(query);
                let mut read = 0;
                while let Some(row) = rows.try_next().await? {
                    let size = row.as_ref().right().map_or(0, size);
                    read += size;
                    let has_room = self.answer.as_ref().is_none_or(|answer| answer.add(size));
                    if !has_room || read > self.rows_size_max {
                        is_too_large = true;
                        break;
                    }
                    yield row;
                }
            }
            if is_too_large {
                // The share is given back without delay: the server notices the closed connection
                // when it sends the next row.
                connection.share = None;
                Err(TooLarge)?;
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
