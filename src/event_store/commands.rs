use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::{AccountPosition, Decider, Position};
use metrics::Histogram;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::snapshots::Snapshots;
use crate::turn::Turns;
use crate::{
    Appended, Appender, Context, Error, Log, Metadata, PostgresEventStore, Settings, StreamContext,
    Together,
};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R> {
    /// The domain's refusal.
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
    /// The stream; with a replayed key, the one that the key's first use wrote to.
    pub aggregate_id: Uuid,
    /// The log position to wait for: read models that have reached it reflect the command.
    pub position: Position,
    /// The account position of its first event; `None` when nothing had to change.
    pub first: Option<AccountPosition>,
    /// The idempotency key was used before; nothing was appended now.
    pub replayed: bool,
}

/// A stream's cached state. Its lock serialises the commands on a stream, so within a process they
/// never conflict. It is empty while a command is running, so a cancelled command leaves nothing
/// half changed.
pub(crate) type Slot<A> = Mutex<Option<StreamContext<A>>>;

/// By aggregate type and stream; each is a [`Slot`].
type Slots = Cache<(&'static str, Uuid), Arc<dyn Any + Send + Sync>>;

/// How often a command may lose its stream to another node before it takes a
/// [`Turn`](crate::turn::Turn).
const CONFLICTS_MAX: u32 = 4;

/// Runs commands: load, decide, append, and again after a conflict.
#[derive(Debug, Clone)]
pub struct Commands {
    log: Log,
    pub(crate) store: PostgresEventStore,
    slots: Arc<Slots>,
    attempts_max: u32,
    turns: Turns,
    seconds: Seconds,
}

/// One histogram for each command, cached because the metrics recorder would hash the labels to
/// find it, each time.
#[derive(Clone, Default)]
struct Seconds(Arc<RwLock<HashMap<&'static str, Histogram>>>);

impl fmt::Debug for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seconds")
    }
}

impl Seconds {
    fn of(&self, command: &'static str) -> Histogram {
        // Poisoning can be ignored: a writer only ever adds one complete entry.
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(command).cloned();
        known.unwrap_or_else(|| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let resolve = || metrics::histogram!("colloquy_command_seconds", "command" => command);
            known.entry(command).or_insert_with(resolve).clone()
        })
    }
}

impl Commands {
    /// Starts this process's appender, and its cache of stream states.
    pub fn start(log: Log, settings: &Settings, stop: CancellationToken) -> Self {
        let appender = Appender::start(log.clone(), settings, stop.clone());
        let snapshots = Snapshots::start(log.clone(), stop);
        Self {
            store: PostgresEventStore::new(log.clone(), appender, snapshots),
            log,
            slots: Arc::new(Cache::new(settings.cached_streams_max)),
            attempts_max: settings.attempts_max,
            turns: Turns::default(),
            seconds: Seconds::default(),
        }
    }

    /// The store that commands load from and append to.
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
    /// The domain's refusal, or why the command could not be carried out. Nothing was appended
    /// then, except that [`Error::Unreachable`] leaves it open.
    pub async fn execute<A: Decider>(
        &self,
        id: A::Id,
        command: A::Command,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Refusal>> {
        self.execute_all::<A>(id, vec![command], context).await
    }

    /// Carries out several commands on one stream, all or none; each sees the effects of those
    /// before it.
    ///
    /// # Errors
    /// As [`Commands::execute`], for the first command that fails.
    pub async fn execute_all<A: Decider>(
        &self,
        id: A::Id,
        commands: Vec<A::Command>,
        context: &Context,
    ) -> Result<Outcome, CommandError<A::Refusal>> {
        self.execute_together(Together::<A::Refusal>::of::<A>(id, commands), context).await
    }

    /// Carries out commands on several streams, all or none, in one commit. Each is decided from
    /// its own stream, and all decisions hold at the same moment: that of the commit or, for a
    /// refusal or "nothing to do", of the comparison with the streams' versions. There is one
    /// outcome for all, with the id of the first stream.
    ///
    /// # Errors
    /// As [`Commands::execute`], for the first command that fails.
    pub async fn execute_together<R: Send + 'static>(
        &self,
        mut together: Together<R>,
        context: &Context,
    ) -> Result<Outcome, CommandError<R>> {
        let started = Instant::now();
        let result = self.attempt(&mut together, context).await;
        self.seconds.of(together.command()).record(started.elapsed());
        together.leave();
        result
    }

    /// Decides and appends, and again while other writers come first.
    async fn attempt<R: Send + 'static>(
        &self,
        together: &mut Together<R>,
        context: &Context,
    ) -> Result<Outcome, CommandError<R>> {
        together.enter(self).await?;
        for attempt in 0..self.attempts_max {
            let mut turn = None;
            if attempt >= CONFLICTS_MAX {
                turn = Some(self.turns.take(&self.log).await?);
                together.restore(&self.store).await?;
            }
            // Deciding changes the states. Conflicts are rare, so the first one costs a full load
            // instead of a copy beforehand. After one there will be more, so from then on a copy is
            // kept and only new events are read.
            let refusal = together.decide(attempt > 0).err();
            if refusal.is_some() || together.events() == 0 {
                let Some(head) = together.confirm(&self.store).await? else {
                    together.restore(&self.store).await?;
                    continue;
                };
                if let Some(answer) = self.replayed(together.id(), context).await? {
                    return answer;
                }
                match (refusal, &context.idempotency) {
                    (Some(refusal), _) => return Err(CommandError::Refused(refusal)),
                    (None, None) => return Ok(together.outcome(head, None)),
                    // The append below claims the key, which from now on means "nothing to do",
                    // even if there is something to do later.
                    (None, Some(_)) => {}
                }
            }
            let sealed = together.seal(&self.store, context).await?;
            match self.store.append(sealed, context.claim(), turn).await? {
                Appended::At { position, account_position } => {
                    let outcome = together.outcome(position, account_position);
                    together.appended(&self.store);
                    return Ok(outcome);
                }
                Appended::Replayed => {
                    // Without an answer, the key was pruned between the two looks: the command
                    // counts as a new one.
                    if let Some(answer) = self.replayed(together.id(), context).await? {
                        return answer;
                    }
                }
                Appended::KeyReused => return Err(CommandError::KeyReused),
                // Decided again; for a lost key, a new one is made then.
                Appended::Conflict | Appended::KeyLost => {}
            }
            metrics::counter!("colloquy_append_conflicts_total").increment(1);
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..=2))).await;
            together.restore(&self.store).await?;
        }
        Err(CommandError::Contended)
    }

    /// The outcome of an earlier use of the context's idempotency key, if there was one.
    ///
    /// # Errors
    /// [`CommandError::KeyReused`] when that was another request, or why the store cannot be asked.
    pub async fn replay(
        &self,
        context: &Context,
    ) -> Result<Option<Outcome>, CommandError<Infallible>> {
        self.replayed(Uuid::nil(), context).await?.transpose()
    }

    /// The outcome of the first use of the context's idempotency key, if there was one.
    async fn replayed<R>(
        &self,
        id: Uuid,
        context: &Context,
    ) -> Result<Option<Result<Outcome, CommandError<R>>>, Error> {
        let Some(idempotency) = &context.idempotency else { return Ok(None) };
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

    /// The slot that caches a stream's state between two commands.
    pub(crate) fn slot<A: Decider>(&self, id: Uuid) -> Arc<Slot<A>> {
        let empty = || Ok::<_, Infallible>(Arc::new(Slot::<A>::default()) as _);
        let Ok(entry) = self.slots.get_or_insert_with(&(A::TYPE, id), empty);
        entry.downcast().expect("an aggregate type has one state type")
    }
}
