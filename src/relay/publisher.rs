//! Publishes events as messages, with many in flight.

use std::sync::Arc;

use async_nats::jetstream;
use event_store::{Facts, LogEvent, Position};
use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, TryFutureExt};
use sqlx::PgPool;

use crate::message::USERS_MAX;
use crate::{Error, Payload, erasure, message};

/// Publishes to one stream, each message only under its sequence number.
pub(crate) struct Publisher {
    pub(crate) jetstream: jetstream::Context,
    pub(crate) pool: PgPool,
    pub(crate) stream: String,
    pub(crate) subject_prefix: String,
    pub(crate) payload: Payload,
    /// An event's position minus its message's sequence number: 0, except in copies that begin
    /// later.
    pub(crate) ahead: i64,
    pub(crate) facts: Facts,
}

/// A batch in flight.
pub(crate) struct Sent {
    pub(crate) after: Position,
    pub(crate) to: Position,
    /// Whether a conversation is deleted in it.
    pub(crate) erases: bool,
    pub(crate) acknowledged: BoxFuture<'static, Result<(), Error>>,
}

impl Publisher {
    /// Sends a batch; `None` if it is empty.
    pub(crate) async fn send(&mut self, batch: &[Arc<LogEvent>]) -> Result<Option<Sent>, Error> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(None) };
        self.facts.learn(&self.pool, batch.iter(), USERS_MAX).await?;
        let mut acknowledgements = Vec::with_capacity(batch.len());
        for event in batch.iter().map(Arc::as_ref) {
            let position = event.recorded.position;
            let failed = move |source| Error::Publish { position, source };
            let payload = message::payload(&self.pool, &event.recorded, self.payload).await?;
            let sequence = position.get() - self.ahead;
            let mut headers = message::headers(event, self.payload, &self.facts);
            message::fence(&mut headers, &self.stream, sequence);
            let acknowledgement = self
                .jetstream
                .publish_with_headers(
                    message::subject(&self.subject_prefix, &event.recorded),
                    headers,
                    payload.into_owned().into(),
                )
                .await
                .map_err(failed)?;
            acknowledgements.push(async move {
                let stored = acknowledgement.await.map_err(failed)?;
                if stored.sequence == sequence as u64 {
                    Ok(())
                } else {
                    Err(Error::Misplaced { position, sequence: stored.sequence })
                }
            });
        }
        Ok(Some(Sent {
            after: first.recorded.position - 1,
            to: last.recorded.position,
            erases: batch.iter().any(|event| erasure::is_ordered_by(&event.recorded)),
            acknowledged: try_join_all(acknowledgements).map_ok(drop).boxed(),
        }))
    }
}
