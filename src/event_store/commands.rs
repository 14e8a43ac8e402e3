use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use domain::{AccountPosition, Decider, Position};
use metrics::Histogram;
use moka::future::Cache;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::decision::{Confirmed, Step};
use crate::snapshots::Snapshots;
use crate::turn::Turns;
use crate::{
    Appender, Context, Error, Idempotency, Log, Metadata, PostgresEventStore, Settings,
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
    /// The log position to wait for: read models that have reached it reflect the command.
    pub position: Position,
    /// The account position of its first event; `None` when nothing had to change.
    pub first: Option<AccountPosition>,
    /// The idempotency key was used before; nothing was appended now.
    pub replayed: bool,
}

/// A stream's decided state. Commands on one stream take turns at it, so that within a process they never
/// conflict; it is empty while a command is under way, so one that is cancelled leaves nothing half changed.
type Slot<A> = Mutex<Option<StreamContext<A>>>;

/// So often a command loses its stream to another node before it takes a [`Turn`](crate::turn::Turn).
const CONFLICTS_MAX: u32 = 4;

/// Runs commands: load, decide, append, again on a conflict.
#[derive(Debug, Clone)]
pub struct Commands {
    log: Log,
    pub(crate) store: PostgresEventStore,
    cache: Cache<(&'static str, Uuid), Arc<dyn Any + Send + Sync>>,
    attempts_max: u32,
    turns: Turns,
    seconds: Seconds,
}

/// One histogram for each command: the recorder would find it by hashing its labels, each time.
#[derive(Clone, Default)]
struct Seconds(Arc<RwLock<HashMap<&'static str, Histogram>>>);

impl fmt::Debug for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seconds")
    }
}

impl Seconds {
    fn of(&self, command: &'static str) -> Histogram {
        // A writer adds one entry, whole: what a panicking one leaves is usable.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(command).cloned();
        known.unwrap_or_else(|| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let resolve = || metrics::histogram!("colloquy_command_seconds", "command" => command);
            known.entry(command).or_insert_with(resolve).clone()
        })
    }
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
            turns: Turns::default(),
            seconds: Seconds::default(),
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

    /// Carries out `command` on a stream.
    ///
    /// # Errors
    /// The domain's refusal, or why the command could not be carried out. Nothing was appended then, except
    /// that [`Error::Unreachable`] leaves it open.
    pub async fn execute<A: Decider>(
        &self,
        id: A::Id,
        command: A::Command,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Refusal>> {
        self.execute_all::<A>(id, vec![command], context).await
    }

    /// Carries out several commands on one stream, all or none: what the first does the second sees.
    ///
    /// # Errors
    /// As [`Commands::execute`], for the first command that fails.
    pub async fn execute_all<A: Decider>(
        &self,
        id: A::Id,
        commands: Vec<A::Command>,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Refusal>> {
        let started = Instant::now();
        let name = commands.first().map_or("none", A::name);
        let result = self.attempt::<A>(id.into(), &commands, context).await;
        self.seconds.of(name).record(started.elapsed());
        result
    }

    /// Decides and appends, again while other writers come first.
    async fn attempt<A: Decider>(
        &self,
        id: Uuid,
        commands: &[A::Command],
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Refusal>> {
        let slot = self.slot::<A>(id).await;
        let mut slot = slot.lock().await;
        let mut stream = match slot.take() {
            Some(stream) => stream,
            None => self.store.load::<A>(&id.to_string()).await?,
        };
        for attempt in 0..self.attempts_max {
            // Deciding moves the state on. Conflicts are rare, so a first one costs a load from the start;
            // where there was one there will be more, and then only what is new is read.
            let before = (attempt > 0).then(|| stream.clone());
            let mut turn = None;
            if attempt >= CONFLICTS_MAX {
                turn = Some(self.turns.take(&self.log).await?);
                self.store.catch_up(&mut stream).await?;
            }
            let Some(decision) = self.decide(&mut stream, commands).await? else { continue };
            if decision.changes_nothing() {
                match self.confirm(id, &mut stream, &decision, context).await? {
                    Confirmed::Stale => continue,
                    Confirmed::Answer(answer) => {
                        *slot = Some(stream);
                        return answer;
                    }
                    Confirmed::Refusal => {
                        *slot = Some(stream);
                        return decision.refused();
                    }
                    // And now the key stands for "nothing to do", also when there would be something to do
                    // later: the append below claims it.
                    Confirmed::KeyIsNew => {}
                }
            }
            match self.append(id, &mut stream, decision.events, context, turn).await? {
                Step::Done(outcome) => {
                    *slot = Some(stream);
                    return Ok(outcome);
                }
                Step::Replayed(answer) => return answer,
                Step::Forgotten => self.store.catch_up(&mut stream).await?,
                Step::Conflict => self.after_conflict(&mut stream, before).await?,
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
    pub(crate) async fn replayed<R>(
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
            position: claim.last_position,
            first: claim.first,
            replayed: true,
        })))
    }

    async fn slot<A: Decider>(&self, id: Uuid) -> Arc<Slot<A>> {
        let entry =
            self.cache.get_with((A::TYPE, id), async { Arc::new(Slot::<A>::default()) as _ }).await;
        entry.downcast().expect("an aggregate type has one state type")
    }
}
