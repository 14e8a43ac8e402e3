use std::collections::HashMap;

use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore,
};
use futures::TryStreamExt;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::{Append, Appended, Appender, Error, Idempotency, NewEvent};

/// Our log as cqrs-es's `EventStore`.
#[derive(Debug, Clone)]
pub struct PostgresEventStore {
    pool: PgPool,
    appender: Appender,
}

/// An aggregate's state and how many events made it.
#[derive(Debug, Clone)]
pub struct StreamContext<A> {
    /// The stream.
    pub aggregate_id: String,
    /// The fold of its events.
    pub aggregate: A,
    /// How many events that are.
    pub version: i64,
}

impl<A: Aggregate> AggregateContext<A> for StreamContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl PostgresEventStore {
    /// Reads from `pool`, writes through `appender`.
    pub fn new(pool: PgPool, appender: Appender) -> Self {
        Self { pool, appender }
    }

    /// The way into the log.
    pub fn appender(&self) -> &Appender {
        &self.appender
    }

    /// Folds a stream while its rows arrive; the events are never all in memory.
    ///
    /// # Errors
    /// When PostgreSQL fails or an event cannot be read.
    pub async fn load<A: Aggregate>(&self, aggregate_id: &str) -> Result<StreamContext<A>, Error> {
        let mut context = StreamContext {
            aggregate_id: aggregate_id.to_owned(),
            aggregate: A::default(),
            version: 0,
        };
        self.catch_up(&mut context).await?;
        Ok(context)
    }

    /// Folds what the stream has beyond the state's version.
    pub(crate) async fn catch_up<A: Aggregate>(
        &self,
        context: &mut StreamContext<A>,
    ) -> Result<(), Error> {
        let aggregate_id = context.aggregate_id.as_str();
        let mut rows = sqlx::query(SELECT_STREAM)
            .bind(A::TYPE)
            .bind(aggregate_id)
            .bind(context.version)
            .fetch(&self.pool);
        while let Some(row) = rows.try_next().await.map_err(Error::database("load a stream"))? {
            let sequence: i64 = row.get("sequence");
            context.aggregate.apply(decode::<A>(aggregate_id, sequence, row.get("payload"))?);
            context.version = sequence;
        }
        Ok(())
    }

    /// How many events a stream has, and the head of the log at that moment.
    pub(crate) async fn version<A: Aggregate>(
        &self,
        aggregate_id: &str,
    ) -> Result<(i64, i64), Error> {
        sqlx::query_as(
            "select coalesce((select max(sequence) from events
                              where aggregate_type = $1 and aggregate_id = $2), 0),
                    (select position from log_head)",
        )
        .bind(A::TYPE)
        .bind(aggregate_id)
        .fetch_one(&self.pool)
        .await
        .map_err(Error::database("read a stream's version"))
    }

    #[expect(clippy::disallowed_methods, reason = "the home of event ids")]
    pub(crate) async fn append<A: Aggregate>(
        &self,
        context: &StreamContext<A>,
        events: &[A::Event],
        metadata: &HashMap<String, String>,
        idempotency: Option<Idempotency>,
    ) -> Result<Appended, Error> {
        let aggregate_id = context.aggregate_id.as_str();
        let unencodable =
            |source| Error::Unencodable { stream: stream_name::<A>(aggregate_id), source };
        let stored_metadata = serde_json::to_string(metadata).map_err(unencodable)?;
        let events = events
            .iter()
            .map(|event| {
                Ok(NewEvent {
                    event_id: Uuid::now_v7(),
                    event_type: event.event_type(),
                    event_version: event.event_version(),
                    payload: serde_json::to_string(event).map_err(unencodable)?,
                    metadata: stored_metadata.clone(),
                })
            })
            .collect::<Result<_, Error>>()?;
        self.appender
            .append(Append {
                aggregate_type: A::TYPE,
                aggregate_id: aggregate_id.to_owned(),
                expected_version: context.version,
                account: metadata.get("account").and_then(|a| a.parse().ok()).unwrap_or(1),
                caller: metadata.get("actor").cloned().unwrap_or_default(),
                idempotency,
                events,
            })
            .await
    }
}

const SELECT_STREAM: &str = "select sequence, payload::text as payload, metadata::text as metadata
    from events
    where aggregate_type = $1 and aggregate_id = $2 and sequence > $3
    order by sequence";

fn stream_name<A: Aggregate>(aggregate_id: &str) -> String {
    format!("{}/{aggregate_id}", A::TYPE)
}

fn decode<A: Aggregate>(
    aggregate_id: &str,
    sequence: i64,
    payload: &str,
) -> Result<A::Event, Error> {
    serde_json::from_str(payload).map_err(|source| Error::Undecodable {
        stream: stream_name::<A>(aggregate_id),
        sequence,
        source,
    })
}

impl<A: Aggregate> EventStore<A> for PostgresEventStore {
    type AC = StreamContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let rows = sqlx::query(SELECT_STREAM)
            .bind(A::TYPE)
            .bind(aggregate_id)
            .bind(0_i64)
            .fetch_all(&self.pool)
            .await
            .map_err(|error| AggregateError::DatabaseConnectionError(Box::new(error)))?;
        rows.into_iter()
            .map(|row| {
                let sequence: i64 = row.get("sequence");
                Ok(EventEnvelope {
                    aggregate_id: aggregate_id.to_owned(),
                    sequence: sequence as usize,
                    payload: decode::<A>(aggregate_id, sequence, row.get("payload"))
                        .map_err(|error| AggregateError::DeserializationError(Box::new(error)))?,
                    metadata: serde_json::from_str(row.get("metadata"))
                        .map_err(|error| AggregateError::DeserializationError(Box::new(error)))?,
                })
            })
            .collect()
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
        events: Vec<A::Event>,
        context: StreamContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(vec![]);
        }
        match self.append(&context, &events, &metadata, None).await {
            Ok(Appended::At(_)) => Ok((context.version as usize + 1..)
                .zip(events)
                .map(|(sequence, payload)| EventEnvelope {
                    aggregate_id: context.aggregate_id.clone(),
                    sequence,
                    payload,
                    metadata: metadata.clone(),
                })
                .collect()),
            Ok(_) => Err(AggregateError::AggregateConflict),
            Err(error) => Err(AggregateError::UnexpectedError(Box::new(error))),
        }
    }
}
