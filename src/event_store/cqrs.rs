//! Our log as cqrs-es sees it: an `EventStore` for its framework.

use std::collections::HashMap;

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::Decider;

use crate::metadata::Claimant;
use crate::recorded::{Row, SELECT};
use crate::store::OF_STREAM_AFTER;
use crate::{Appended, PostgresEventStore, StreamContext};

/// An event's account is never guessed.
const NO_ACCOUNT: &str = "the command's metadata must have an `account`, an integer";

impl<A: Aggregate> AggregateContext<A> for StreamContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A> EventStore<A> for PostgresEventStore
where
    A: Decider + Aggregate<Event = <A as Decider>::Event>,
{
    type AC = StreamContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let sql = format!("{SELECT} {OF_STREAM_AFTER}");
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(<A as Decider>::TYPE)
            .bind(aggregate_id)
            .bind(0_i64)
            .fetch_all(self.log.pool())
            .await
            .map_err(|error| AggregateError::DatabaseConnectionError(Box::new(error)))?;
        let mut envelopes = Vec::with_capacity(rows.len());
        for row in rows {
            let unreadable = |error| AggregateError::DeserializationError(Box::new(error));
            let event = row.with_keys(self.log.keys());
            envelopes.push(EventEnvelope {
                aggregate_id: aggregate_id.to_owned(),
                sequence: event.sequence as usize,
                payload: event.decode().map_err(unreadable)?,
                metadata: serde_json::from_str(&event.metadata)
                    .map_err(|error| AggregateError::DeserializationError(Box::new(error)))?,
            });
        }
        Ok(envelopes)
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<StreamContext<A>, AggregateError<A::Error>> {
        self.load(aggregate_id)
            .await
            .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))
    }

    async fn commit(
        &self,
        events: Vec<<A as Decider>::Event>,
        context: StreamContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(vec![]);
        }
        let account = metadata.get("account").and_then(|account| account.parse().ok());
        let claimant = Claimant {
            account: account.ok_or(AggregateError::UnexpectedError(NO_ACCOUNT.into()))?,
            caller: metadata.get("actor").cloned().unwrap_or_default(),
            idempotency: None,
        };
        let named: Vec<_> = events.iter().map(|event| (event.clone(), metadata.clone())).collect();
        let unexpected = |error| AggregateError::UnexpectedError(Box::new(error));
        let sealed = self.seal(&context, &named).await.map_err(unexpected)?;
        match self.append(vec![sealed], claimant, None).await {
            Ok(Appended::At { .. }) => Ok((context.version as usize + 1..)
                .zip(events)
                .map(|(sequence, payload)| EventEnvelope {
                    aggregate_id: context.aggregate_id.clone(),
                    sequence,
                    payload,
                    metadata: metadata.clone(),
                })
                .collect()),
            Ok(_) => Err(AggregateError::AggregateConflict),
            Err(error) => Err(unexpected(error)),
        }
    }
}
