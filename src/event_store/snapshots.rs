use std::fmt;

use domain::Decider;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{Error, Log, StreamContext, causes};

/// A stream gets a new snapshot each time its version passes a multiple of this.
const EVERY: i64 = 500;
/// Maximum number of queued snapshots. One that finds no room is dropped; the next load offers it
/// again.
const WAITING_MAX: usize = 64;

/// Stored states of long streams, so that loading one need not fold it from the start. They are a
/// cache: written in the background after the commit, and ignored when anything about them does not
/// match.
#[derive(Clone)]
pub struct Snapshots {
    queue: mpsc::Sender<Snapshot>,
}

impl fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshots")
    }
}

pub(crate) struct Snapshot {
    aggregate_type: &'static str,
    aggregate_id: String,
    version: i64,
    state_schema: i32,
    state: serde_json::Result<Vec<u8>>,
}

impl Snapshot {
    pub(crate) fn of<A: Decider>(context: &StreamContext<A>) -> Self {
        Self {
            aggregate_type: A::TYPE,
            aggregate_id: context.aggregate_id.clone(),
            version: context.version,
            state_schema: A::STATE_SCHEMA,
            state: serde_json::to_vec(&context.aggregate),
        }
    }

    fn stream(&self) -> String {
        format!("{}/{}", self.aggregate_type, self.aggregate_id)
    }
}

impl Snapshots {
    /// Starts the writer, which ends with `stop`.
    pub fn start(log: Log, stop: CancellationToken) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Snapshot>(WAITING_MAX);
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with `stop`; what it holds is a cache"
        )]
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            while let Some(snapshot) = waiting.recv().await {
                let stream = snapshot.stream();
                if let Err(error) = write(&log, snapshot).await {
                    tracing::warn!(error = causes(&error), stream, "a snapshot was not written");
                }
            }
        }));
        Self { queue }
    }

    /// The stream's snapshot, if there is one that can be used.
    pub(crate) async fn read<A: Decider>(
        &self,
        log: &Log,
        aggregate_id: &str,
    ) -> Result<Option<StreamContext<A>>, Error> {
        let found: Option<(i64, bool, Vec<u8>)> = sqlx::query_as(
            "select version, is_sealed, state
             from snapshots
             where aggregate_type = $1 and aggregate_id = $2 and state_schema = $3",
        )
        .bind(A::TYPE)
        .bind(aggregate_id)
        .bind(A::STATE_SCHEMA)
        .fetch_optional(log.pool())
        .await
        .map_err(Error::database("read a snapshot"))?;
        let Some((version, is_sealed, state)) = found else { return Ok(None) };
        let state = if is_sealed {
            let stream = format!("{}/{aggregate_id}", A::TYPE);
            match log.keys().stream(log.pool(), &stream).await? {
                Some(key) => key.open(&what(&stream, version), &state),
                None => None,
            }
        } else {
            Some(state)
        };
        Ok(state.and_then(|state| serde_json::from_slice(&state).ok()).map(|aggregate| {
            StreamContext { aggregate_id: aggregate_id.to_owned(), aggregate, version }
        }))
    }

    /// Has the state written if a multiple of [`EVERY`] lies between `from` and its version.
    pub(crate) fn offer<A: Decider>(&self, context: &StreamContext<A>, from: i64) {
        if context.version / EVERY == from / EVERY {
            return;
        }
        if let Ok(place) = self.queue.try_reserve() {
            place.send(Snapshot::of(context));
        }
    }
}

/// The associated data of an encrypted state, which binds it to its stream and version.
fn what(stream: &str, version: i64) -> String {
    format!("snapshot/{stream}/{version}")
}

/// Writes a snapshot, encrypted with the stream's key. A stream without a key has no private
/// values, or was erased since the snapshot was taken: then it has a later event, and nothing is
/// written.
pub(crate) async fn write(log: &Log, snapshot: Snapshot) -> Result<(), Error> {
    let stream = snapshot.stream();
    let state =
        snapshot.state.map_err(|source| Error::Unencodable { stream: stream.clone(), source })?;
    let key = log.keys().stream(log.pool(), &stream).await?;
    let (is_sealed, state) = match &key {
        Some(key) => (true, key.seal(&what(&stream, snapshot.version), &state)),
        None => (false, state),
    };
    sqlx::query(
        "insert into snapshots as s
             (aggregate_type, aggregate_id, version, state_schema, is_sealed, state)
         select $1, $2, $3, $4, $5, $6
         where $5 = exists (select from stream_keys where aggregate_type = $1 and aggregate_id = $2)
           and ($5 or not exists (
               select from events
               where aggregate_type = $1 and aggregate_id = $2 and sequence > $3))
         on conflict on constraint snapshots_one_per_stream do update
         set version = excluded.version,
             state_schema = excluded.state_schema,
             is_sealed = excluded.is_sealed,
             state = excluded.state
         where s.version < excluded.version or s.state_schema <> excluded.state_schema",
    )
    .bind(snapshot.aggregate_type)
    .bind(&snapshot.aggregate_id)
    .bind(snapshot.version)
    .bind(snapshot.state_schema)
    .bind(is_sealed)
    .bind(state)
    .execute(log.pool())
    .await
    .map_err(Error::database("write a snapshot"))?;
    Ok(())
}
