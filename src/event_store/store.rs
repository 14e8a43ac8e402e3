use std::collections::HashMap;
use std::sync::Arc;

use domain::{AccountId, AccountPosition, Decider, Position, StoredEvent};
use futures::TryStreamExt;
use uuid::Uuid;

use crate::metadata::Claimant;
use crate::recorded::{Row, SELECT};
use crate::sealing::{EventKey, StreamKey, open_payload, seal};
use crate::snapshots::Snapshots;
use crate::tail::Decoded;
use crate::turn::Turn;
use crate::{Append, Appended, Appender, Error, Log, NewEvent, StreamEvents};

/// Our log as cqrs-es's `EventStore`.
#[derive(Debug, Clone)]
pub struct PostgresEventStore {
    pub(crate) log: Log,
    appender: Appender,
    snapshots: Snapshots,
}

/// An aggregate's state and its version.
#[derive(Debug, Clone)]
pub struct StreamContext<A> {
    pub aggregate_id: String,
    /// The fold of its events.
    pub aggregate: A,
    /// The number of events folded.
    pub version: i64,
}

impl<A: Decider> StreamContext<A> {
    /// The stream's name, unique across aggregate types.
    pub(crate) fn stream(&self) -> String {
        format!("{}/{}", A::TYPE, self.aggregate_id)
    }
}

/// Events to append to a stream, and the change to its key.
pub(crate) type Sealed = (StreamEvents, KeyChange);

/// How this process's cache of stream keys changes once an append is done.
pub(crate) struct KeyChange {
    stream: String,
    /// The stream's first key, if this append stores it.
    fresh: Option<Arc<StreamKey>>,
    erased: bool,
}

/// The first use of an idempotency key.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) request_digest: Vec<u8>,
    pub(crate) aggregate_id: String,
    /// The position of the last event that the command appended; if it appended none, the log's
    /// head at that time.
    pub(crate) last_position: Position,
    /// The account position of the first event that the command appended, if any.
    pub(crate) first: Option<AccountPosition>,
}

crate::from_row!(Claim { request_digest, aggregate_id, last_position, first });

impl PostgresEventStore {
    /// Reads from `log`, writes through `appender`.
    pub fn new(log: Log, appender: Appender, snapshots: Snapshots) -> Self {
        Self { log, appender, snapshots }
    }

    /// The appender that writes to the log.
    pub fn appender(&self) -> &Appender {
        &self.appender
    }

    /// Loads a stream's state: its snapshot, if there is one, and the events after it. Rows are
    /// folded as they arrive; the events are never all in memory.
    ///
    /// # Errors
    /// When PostgreSQL fails or an event cannot be read.
    pub async fn load<A: Decider>(&self, aggregate_id: &str) -> Result<StreamContext<A>, Error> {
        let mut context = match self.snapshots.read::<A>(&self.log, aggregate_id).await? {
            Some(context) => context,
            None => StreamContext {
                aggregate_id: aggregate_id.to_owned(),
                aggregate: A::default(),
                version: 0,
            },
        };
        let from = context.version;
        self.catch_up(&mut context).await?;
        self.snapshots.offer(&context, from);
        Ok(context)
    }

    /// Folds the stream's events after the state's version.
    pub(crate) async fn catch_up<A: Decider>(
        &self,
        context: &mut StreamContext<A>,
    ) -> Result<(), Error> {
        let sql = format!("{SELECT} {OF_STREAM_AFTER}");
        let aggregate_id = context.aggregate_id.clone();
        let mut rows = sqlx::query_as::<_, Row>(&sql)
            .bind(A::TYPE)
            .bind(&aggregate_id)
            .bind(context.version)
            .fetch(self.log.pool());
        while let Some(row) = rows.try_next().await.map_err(Error::database("load a stream"))? {
            let event = row.with_keys(self.log.keys());
            context.aggregate.evolve(&event.decode()?);
            context.version = event.sequence;
        }
        Ok(())
    }

    /// The versions of streams, in the order in which they are named by type and id, and the head
    /// of the log, all as of one moment.
    pub(crate) async fn versions(
        &self,
        types: &[&str],
        ids: &[String],
    ) -> Result<(Vec<i64>, Position), Error> {
        sqlx::query_as(
            "select array(select (select coalesce(max(e.sequence), 0)
                                  from events e
                                  where e.aggregate_type = s.type and e.aggregate_id = s.id)
                          from unnest($1, $2) with ordinality as s (type, id, ordinal)
                          order by s.ordinal),
                    (select position from log_head)",
        )
        .bind(types)
        .bind(ids)
        .fetch_one(self.log.pool())
        .await
        .map_err(Error::database("read the versions of streams"))
    }

    /// The first use of an idempotency key, if there was one.
    pub(crate) async fn claim(
        &self,
        account: AccountId,
        caller: &str,
        key: &str,
    ) -> Result<Option<Claim>, Error> {
        sqlx::query_as(
            "select k.request_digest, k.aggregate_id,
                    k.position + greatest(k.event_count - 1, 0) as last_position,
                    e.account_position as first
             from idempotency_keys k
             left join events e on e.position = k.position and k.event_count > 0
             where k.account_id = $1 and k.caller = $2 and k.key = $3",
        )
        .bind(account)
        .bind(caller)
        .bind(key)
        .fetch_optional(self.log.pool())
        .await
        .map_err(Error::database("look for an idempotency key"))
    }

    /// Encodes and encrypts events for an append to a stream, each with its metadata.
    #[expect(clippy::disallowed_methods, reason = "the home of event ids")]
    pub(crate) async fn seal<A: Decider>(
        &self,
        context: &StreamContext<A>,
        events: &[(A::Event, HashMap<String, String>)],
    ) -> Result<Sealed, Error> {
        let stream = context.stream();
        let stream_id: Uuid = context.aggregate_id.parse().unwrap_or_default();
        let keys = self.log.keys();
        let unencodable = |source| Error::Unencodable { stream: stream.clone(), source };
        let mut stream_key = None;
        let mut fresh = None;
        let mut new_events = Vec::with_capacity(events.len());
        for (event, metadata) in events {
            let event_id = Uuid::now_v7();
            let (payload, key) = seal(event_id, serde_json::to_value(event).map_err(unencodable)?)?;
            let decoded = read_back::<A>(&stream, event, event_id, &payload, key.as_ref())?;
            if key.is_some() && stream_key.is_none() {
                stream_key = keys.stream(self.log.pool(), &stream).await?;
                if stream_key.is_none() {
                    let (key, wrapped) = keys.fresh(&stream)?;
                    (stream_key, fresh) = (Some(key), Some(wrapped));
                }
            }
            let key = stream_key
                .as_ref()
                .and_then(|stream| key.map(|key| stream.wrap_event_key(event_id, &key)));
            new_events.push(NewEvent {
                event_id,
                event_type: event.event_type().to_owned(),
                event_version: event.event_version().to_owned(),
                payload,
                metadata: serde_json::to_string(metadata).map_err(unencodable)?,
                conversation: A::conversation(stream_id.into(), event),
                key,
                subject: A::subject(event),
                erases: A::erases(event),
                decoded,
            });
        }
        let key_change = KeyChange {
            fresh: stream_key.filter(|_| fresh.is_some()),
            erased: new_events.iter().any(|event| event.erases.is_some()),
            stream,
        };
        let stream_events = StreamEvents {
            aggregate_type: A::TYPE,
            aggregate_id: context.aggregate_id.clone(),
            expected_version: context.version,
            stream_key: fresh,
            events: new_events,
        };
        Ok((stream_events, key_change))
    }

    /// Appends to all streams or none, within a turn if one is given. Without events, it only
    /// checks the streams' versions and claims the idempotency key.
    pub(crate) async fn append(
        &self,
        sealed: Vec<Sealed>,
        claimant: Claimant,
        turn: Option<Turn>,
    ) -> Result<Appended, Error> {
        let (streams, key_changes): (Vec<_>, Vec<_>) = sealed.into_iter().unzip();
        let Claimant { account, caller, idempotency } = claimant;
        let mut append = Append { account, caller, idempotency, streams };
        let appended = match turn {
            Some(turn) => turn.append(&self.log, &mut append).await?,
            None => self.appender.append(append).await?,
        };
        let keys = self.log.keys();
        for KeyChange { stream, fresh, erased } in key_changes {
            if let (Appended::At { .. }, Some(key)) = (&appended, fresh) {
                keys.remember(&stream, key);
            }
            if erased || appended == Appended::KeyLost {
                keys.forget(&stream);
            }
        }
        Ok(appended)
    }

    /// Has a snapshot written if the last `grown_by` events crossed a snapshot boundary.
    pub(crate) fn offer_snapshot<A: Decider>(&self, context: &StreamContext<A>, grown_by: i64) {
        self.snapshots.offer(context, context.version - grown_by);
    }
}

/// Decodes an event as every follower of the log will, before it is recorded for good: an
/// unreadable event would stop them all. `None` for an aggregate that is not part of
/// [`domain::Event`].
fn read_back<A: Decider>(
    stream: &str,
    event: &A::Event,
    id: Uuid,
    payload: &str,
    key: Option<&EventKey>,
) -> Result<Option<Decoded>, Error> {
    let unstorable = |why| Error::Unstorable { stream: stream.to_owned(), why };
    let sealed = key.map(|key| (key.clone(), open_payload(id, payload, key)));
    let opened = sealed.as_ref().map_or(payload, |(_, opened)| &opened.payload);
    if opened.len() > domain::limits::EVENT_BYTES_MAX {
        return Err(unstorable("it is too large to be published"));
    }
    match serde_json::from_str::<A::Event>(opened) {
        Ok(read) if read == *event => {}
        Ok(_) => return Err(unstorable("it would be read back differently")),
        Err(_) => return Err(unstorable("it could not be read back")),
    }
    let read = domain::Event::read(A::TYPE, event.event_type(), event.event_version(), opened);
    Ok(read.ok().map(|event| Decoded { event, sealed }))
}

pub(crate) const OF_STREAM_AFTER: &str =
    "where e.aggregate_type = $1 and e.aggregate_id = $2 and e.sequence > $3 order by e.sequence";
