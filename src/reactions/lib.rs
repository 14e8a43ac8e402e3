//! Events that must cause a command: a mute with an end comes to it.
//!
//! The timers are a read model; at its time each becomes an ordinary command, whose event takes the timer away.
//! One node at a time does this, under a lease. The lease only saves work: a command says which end it is that
//! was reached, so a second one on another node, or after a crash, finds nothing to do.
//!
//! Deliberately not here: rules (a mute that was changed meanwhile goes on because the domain says so) and any
//! state of its own. A further kind of timer is a variant of [`projections::timers::Act`] and an arm in [`act`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use domain::participation::{ChangeCommand, Command, Participation, Refusal};
use event_store::{CommandError, Commands, Context, Metadata, RENEW_AFTER, Subscription, Surface};
use futures::StreamExt;
use projections::Progress;
use projections::timers::{self, Act, Due};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The name of the lease.
const NAME: &str = "reactions";
/// How often a standby asks for the lease.
const STANDBY_POLL: Duration = Duration::from_secs(1);
/// How often the timers are looked at, at most.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the timers may take to follow what was done about them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Timers that are looked at together; after a long sleep there may be many.
const BATCH_SIZE_MAX: i64 = 500;
/// Commands under way at once, so that they share commits.
const COMMANDS_AT_ONCE: usize = 64;

/// A reaction could not be carried out.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Log(#[from] event_store::Error),
    #[error(transparent)]
    Timers(#[from] projections::Error),
    #[error("failed to react to event {cause}")]
    Command { cause: Uuid, source: CommandError<Refusal> },
}

/// Reacts until `stop` is cancelled.
pub async fn run(commands: Commands, progress: Progress, node: Uuid, stop: CancellationToken) {
    let reactor = Reactor { commands, progress, node, stop };
    let first_delay = Duration::from_millis(100);
    let mut delay = first_delay;
    while !reactor.stop.is_cancelled() {
        let started = Instant::now();
        match reactor.follow().await {
            Ok(()) => return,
            Err(Error::Log(event_store::Error::LeaseLost { name })) => {
                tracing::warn!(lease = name, "another node took over");
            }
            Err(error) => {
                if started.elapsed() > Duration::from_secs(10) {
                    delay = first_delay;
                }
                let cause: &(dyn std::error::Error + Send + Sync + 'static) = &error;
                tracing::error!(
                    error = cause as &dyn std::error::Error,
                    "the reactions stand still"
                );
                metrics::counter!("colloquy_reaction_failures_total").increment(1);
                let _ = reactor.stop.run_until_cancelled(tokio::time::sleep(delay)).await;
                delay = (delay * 2).min(Duration::from_secs(5));
            }
        }
    }
}

struct Reactor {
    commands: Commands,
    progress: Progress,
    node: Uuid,
    stop: CancellationToken,
}

impl Reactor {
    /// Returns when it was told to stop.
    async fn follow(&self) -> Result<(), Error> {
        let Some(mut lease) = self.lease().await? else { return Ok(()) };
        let pool = self.commands.log().pool();
        while !self.progress.reached(&[timers::NAME], 0, RENEW_AFTER).await {
            if self.stop.is_cancelled() {
                return Ok(lease.release().await?);
            }
            lease.renew().await?;
        }
        let mut renewed = Instant::now();
        while !self.stop.is_cancelled() {
            let seen = self.progress.position(timers::NAME);
            let due = timers::due(pool, BATCH_SIZE_MAX).await?;
            if due.is_empty() {
                let next = timers::next_in(pool).await?.unwrap_or(RENEW_AFTER).min(RENEW_AFTER);
                let _ = self.stop.run_until_cancelled(self.wait(seen, next)).await;
            } else {
                self.act_on(due).await?;
            }
            if renewed.elapsed() >= RENEW_AFTER {
                lease.renew().await?;
                renewed = Instant::now();
            }
        }
        Ok(lease.release().await?)
    }

    /// Until the next timer is due, or another one is set meanwhile that may be due before; but not for every
    /// event of a busy log.
    async fn wait(&self, seen: i64, next: Duration) {
        let pause = next.min(PAUSE);
        tokio::time::sleep(pause).await;
        self.progress.reached(&[timers::NAME], seen + 1, next - pause).await;
    }

    /// None: told to stop.
    async fn lease(&self) -> Result<Option<Subscription>, Error> {
        while !self.stop.is_cancelled() {
            let pool = self.commands.log().pool();
            if let Some(lease) = Subscription::acquire(pool, NAME, self.node).await? {
                return Ok(Some(lease));
            }
            let _ = self.stop.run_until_cancelled(tokio::time::sleep(STANDBY_POLL)).await;
        }
        Ok(None)
    }

    /// Acts on timers that are due, and waits until they are gone.
    async fn act_on(&self, due: Vec<Due>) -> Result<(), Error> {
        let acts = futures::stream::iter(due).map(|due| act(&self.commands, due));
        let results: Vec<_> = acts.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        // One that fails must not keep the others from their time.
        let (mut done, mut failure) = (Done::default(), None);
        for result in results {
            match result {
                Ok(one) => done = done.and(one),
                Err(error) => failure = Some(error),
            }
        }
        metrics::counter!("colloquy_reactions_total").increment(done.appended);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let gone = self.progress.reached(&[timers::NAME], done.position, PATIENCE);
        let _ = self.stop.run_until_cancelled(gone).await;
        if done.appended == 0 {
            // There was nothing to do, which the timers will see; that is not worth asking all the time.
            let _ = self.stop.run_until_cancelled(tokio::time::sleep(STANDBY_POLL)).await;
        }
        Ok(())
    }
}

/// What acting on timers led to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Done {
    /// From here on the timers are gone.
    position: i64,
    /// Commands that changed something.
    appended: u64,
}

impl Done {
    fn and(self, other: Self) -> Self {
        Self {
            position: self.position.max(other.position),
            appended: self.appended + other.appended,
        }
    }
}

/// Issues the timer's command.
async fn act(commands: &Commands, due: Due) -> Result<Done, Error> {
    let Act::EndMute { seat, until } = due.act.0;
    let context = Context {
        metadata: Metadata {
            actor: ACTOR.to_owned(),
            account: due.account_id,
            role: "service".to_owned(),
            surface: Surface::Reaction,
            request_id: due.cause.to_string(),
            traceparent: None,
            causation_id: Some(due.cause.to_string()),
            // The time that has come is when the command was due to be received.
            occurred_at: until,
        },
        idempotency: None,
    };
    let change = ChangeCommand::EndMute { until };
    let name = change.name();
    let command = Command { seat, change };
    match commands.execute::<Participation>(due.stream, name, command, &context).await {
        Ok(outcome) => Ok(Done {
            position: outcome.position,
            appended: outcome.first_position.is_some().into(),
        }),
        // The member left and came back meanwhile; the timer goes with what they did since.
        Err(CommandError::Refused(Refusal::MembershipEnded)) => {
            Ok(Done { position: commands.log().head().await?, appended: 0 })
        }
        Err(source) => Err(Error::Command { cause: due.cause, source }),
    }
}

/// Whom the events of reactions name: nobody acted.
const ACTOR: &str = "colloquy";
