use async_nats::jetstream;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use sqlx::PgPool;

use crate::{Error, Settings};

const BATCH_SIZE: i64 = 1000;

/// Erases from the stream what the log says has to go, one message after the other with the delete that
/// overwrites: a purge by subject leaves the bytes in the store's files. What is not published yet comes
/// without its private values anyway. The numbers of the messages stay taken.
pub(crate) async fn erase_published(
    jetstream: &jetstream::Context,
    settings: &Settings,
    pool: &PgPool,
    published: i64,
) -> Result<(), Error> {
    loop {
        let due: Vec<i64> = sqlx::query_scalar(
            "select position from nats_erasures where position <= $1 order by position limit $2",
        )
        .bind(published)
        .bind(BATCH_SIZE)
        .fetch_all(pool)
        .await
        .map_err(Error::Database)?;
        if due.is_empty() {
            return Ok(());
        }
        let stream = jetstream.get_stream_no_info(&settings.stream).await.map_err(|error| {
            Error::Stream { stream: settings.stream.clone(), source: error.into() }
        })?;
        for position in &due {
            erase(&stream, *position).await?;
        }
        sqlx::query("delete from nats_erasures where position = any($1)")
            .bind(&due)
            .execute(pool)
            .await
            .map_err(Error::Database)?;
        metrics::counter!("colloquy_relay_erased_total").increment(due.len() as u64);
        tracing::info!(count = due.len(), "erased messages from the stream");
    }
}

async fn erase(stream: &Stream<()>, position: i64) -> Result<(), Error> {
    let sequence = position as u64;
    match stream.delete_message(sequence).await {
        Ok(_) => Ok(()),
        Err(source) => match stream.get_raw_message(sequence).await {
            Ok(_) => Err(Error::Erase { position, source: source.into() }),
            // It was erased before, or the stream's limits have dropped it.
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(()),
            Err(error) => Err(Error::Erase { position, source: error.into() }),
        },
    }
}
