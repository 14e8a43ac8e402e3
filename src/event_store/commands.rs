use std::any::Any;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::Stored;
use moka::future::Cache;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::snapshots::Snapshots;
use crate::{
    Appended, Appender, Context, Error, Idempotency, Log, Metadata, PostgresEventStore, Settings,
    StreamContext,
};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R> {
    /// The domain's answer.
    #[error("the command is refused")]
    Refused(R),
    /// The stream kept changing under the command; try again later.
    #[error("too many writers on one stream")]
    Contended,
    /// The idempotency key belongs to another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The stream; with a replayed key, the one that the first use wrote to.
    pub aggregate_id: Uuid,
    /// Read models that have reached this position reflect the command.
    pub position: i64,
    /// The position of the first event; none when nothing had to change.
    pub first_position: Option<i64>,
    /// The idempotency key was used before; nothing was appended now.
    pub replayed: bool,
}

/// A stream's decided state. Commands on one stream take turns at it, so that within a process they never
/// conflict; it is empty while a command is under way, so one that is cancelled leaves nothing half changed.
type Slot<A> = Mutex<Option<StreamContext<A>>>;

/// Runs commands: load, decide, append, again on a conflict.
#[derive(Debug, Clone)]
pub struct Commands {
    log: Log,
    store: PostgresEventStore,
    cache: Cache<(&'static str, Uuid), Arc<dyn Any + Send + Sync>>,
    attempts_max: u32,
}

impl Commands {
    /// Starts the appender of this process and the cache before it.
    pub fn start(log: Log, settings: &Settings, stop: CancellationToken) -> Self {
        let appender = Appender::start(log.clone(), settings, stop.clone());
        let snapshots = Snapshots::start(log.clone(), stop);
        Self {
            store: PostgresEventStore::new(log.clone(), appender, snapshots),
            log,
            cache: Cache::new(settings.cached_streams_max),
            attempts_max: settings.attempts_max,
        }
    }

    /// The store below.
    pub fn store(&self) -> &PostgresEventStore {
        &self.store
    }

    /// The log that is written to.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Carries out `command` on a stream; `name` is what the events' metadata call it.
    ///
    /// # Errors
    /// The domain's refusal, or why the command could not be carried out. Nothing was appended then, except
    /// that [`Error::Unreachable`] leaves it open.
    pub async fn execute<A>(
        &self,
        id: Uuid,
        name: &'static str,
        command: A::Command,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Error>>
    where
        A: Stored,
        A::Command: Clone,
    {
        self.execute_all::<A>(id, vec![(name, command)], context).await
    }

    /// Carries out several commands on one stream, all or none: what the first does the second sees.
    ///
    /// # Errors
    /// As [`Commands::execute`], for the first command that fails.
    pub async fn execute_all<A>(
        &self,
        id: Uuid,
        commands: Vec<(&'static str, A::Command)>,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Error>>
    where
        A: Stored,
        A::Command: Clone,
    {
        let started = Instant::now();
        let name = commands.first().map_or("none", |(name, _)| *name);
        let result = self.attempt::<A>(id, commands, context).await;
        metrics::histogram!("colloquy_command_seconds", "command" => name)
            .record(started.elapsed());
        result
    }

    async fn attempt<A>(
        &self,
        id: Uuid,
        commands: Vec<(&'static str, A::Command)>,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Error>>
    where
        A: Stored,
        A::Command: Clone,
    {
        let aggregate_id = id.to_string();
        let slot = self.slot::<A>(id).await;
        let mut slot = slot.lock().await;

        let mut stream = match slot.take() {
            Some(stream) => stream,
            None => self.store.load::<A>(&aggregate_id).await?,
        };
        for attempt in 0..self.attempts_max {
            // Deciding moves the state on. Conflicts are rare, so a first one costs a load from the start;
            // where there was one there will be more, and then only what is new is read.
            let before = (attempt > 0).then(|| stream.clone());
            let mut events = Vec::new();
            let mut decided = Ok(());
            for (name, command) in commands.clone() {
                let sink = EventSink::default();
                decided = stream.aggregate.handle(command, &(), &sink).await;
                events.extend(sink.collect().await.into_iter().map(|event| (name, event)));
                if decided.is_err() {
                    break;
                }
            }
            if decided.is_err() && !events.is_empty() {
                // The state is that after commands that are not going to be: away with it.
                events.clear();
                let decided_at = stream.version;
                stream = self.store.load::<A>(&aggregate_id).await?;
                if stream.version != decided_at {
                    continue;
                }
            }

            if decided.is_err() || events.is_empty() {
                // Another node may have written since: what is not appended is not checked by the append,
                // so it is checked here.
                let (version, head) = self.store.version::<A>(&aggregate_id).await?;
                if version != stream.version {
                    self.store.catch_up(&mut stream).await?;
                    continue;
                }
                let Some(idempotency) = &context.idempotency else {
                    *slot = Some(stream);
                    return match decided {
                        Err(refusal) => Err(CommandError::Refused(refusal)),
                        Ok(()) => Ok(unchanged(id, head)),
                    };
                };
                // The key may stand for a command that did something when it came first.
                if let Some(replayed) = self.replayed(id, context, idempotency).await? {
                    *slot = Some(stream);
                    return replayed;
                }
                if let Err(refusal) = decided {
                    *slot = Some(stream);
                    return Err(CommandError::Refused(refusal));
                }
                // And now it stands for "nothing to do", also when there would be something to do later:
                // the append below claims it.
            }

            let metadata = |name| context.stored(name);
            let events =
                events.into_iter().map(|(name, event)| (event, metadata(name))).collect::<Vec<_>>();
            let appended = self.store.append(&stream, &events, context.claim()).await?;
            match appended {
                Appended::At(first) => {
                    let count = events.len() as i64;
                    stream.version += count;
                    self.store.offer_snapshot(&stream, count);
                    *slot = Some(stream);
                    return Ok(Outcome {
                        aggregate_id: id,
                        position: first + (count - 1).max(0),
                        first_position: (count > 0).then_some(first),
                        replayed: false,
                    });
                }
                Appended::Replayed => {
                    let idempotency = context.idempotency.as_ref();
                    let key = idempotency.expect("only what has a key is replayed");
                    if let Some(replayed) = self.replayed(id, context, key).await? {
                        return replayed;
                    }
                    // It was forgotten between the two looks: the command is a new one.
                    self.store.catch_up(&mut stream).await?;
                }
                Appended::KeyReused => return Err(CommandError::KeyReused),
                Appended::Conflict => {
                    metrics::counter!("colloquy_append_conflicts_total").increment(1);
                    match before {
                        Some(before) => stream = before,
                        None => stream = self.store.load::<A>(&aggregate_id).await?,
                    }
                    let jitter_ms = rand::random_range(0..=2);
                    tokio::time::sleep(Duration::from_millis(jitter_ms)).await;
                    self.store.catch_up(&mut stream).await?;
                }
            }
        }
        Err(CommandError::Contended)
    }

    /// What an earlier use of the context's idempotency key led to, if it has one that was used.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`] when that was another request, or why the store cannot be asked.
    pub async fn replay(
        &self,
        context: &Context,
    ) -> Result<Option<Outcome>, CommandError<Infallible>> {
        match &context.idempotency {
            None => Ok(None),
            Some(key) => self.replayed(Uuid::nil(), context, key).await?.transpose(),
        }
    }

    /// What the first use of the key led to, if there was one.
    async fn replayed<R>(
        &self,
        id: Uuid,
        context: &Context,
        idempotency: &Idempotency,
    ) -> Result<Option<Result<Outcome, CommandError<R>>>, Error> {
        let Metadata { account, actor, .. } = &context.metadata;
        let Some(claim) = self.store.claim(*account, actor, &idempotency.key).await? else {
            return Ok(None);
        };
        if claim.request_digest != idempotency.request_digest {
            return Ok(Some(Err(CommandError::KeyReused)));
        }
        Ok(Some(Ok(Outcome {
            aggregate_id: claim.aggregate_id.parse().unwrap_or(id),
            position: claim.position,
            first_position: claim.appended.then_some(claim.position),
            replayed: true,
        })))
    }

    async fn slot<A: Aggregate + 'static>(&self, id: Uuid) -> Arc<Slot<A>> {
        let entry =
            self.cache.get_with((A::TYPE, id), async { Arc::new(Slot::<A>::default()) as _ }).await;
        entry.downcast().expect("an aggregate type has one state type")
    }
}

fn unchanged(aggregate_id: Uuid, head: i64) -> Outcome {
    Outcome { aggregate_id, position: head, first_position: None, replayed: false }
}
