//! Events that must cause a command: a mute or a snooze reaches its end.
//!
//! The timers are a read model; a timer that is due becomes an ordinary command, whose event
//! removes the timer. One node at a time does this, under a lease. The lease only saves work: a
//! command says which end was reached, so a second one, from another node or after a crash, finds
//! nothing to do.
//!
//! Deliberately not here: rules (the domain decides that a mute that was changed meanwhile stays)
//! and any state of its own. A further kind of timer is a variant of
//! [`projections::timers::Action`] and an arm in [`act`].

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

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::conversation::support::SupportCommand;
use domain::conversation::{self, Conversation};
use domain::participation::{self, ChangeCommand, Participation};
use domain::{Decider, Position};
use event_store::{CommandError, Commands, Context, Lease, Led, Metadata, Outcome, Surface};
use futures::StreamExt;
use projections::Progress;
use projections::timers::Action;
use projections::views::Due;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The name of the lease.
pub const NAME: &str = "reactors";
/// The longest time between two looks at the timers.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The pause when commands for due timers found nothing to do.
const REST: Duration = Duration::from_secs(1);
/// The shortest wait between two looks at the timers.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait until the timers reflect the commands.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most timers in a batch; after a long downtime many may be due.
const BATCH_SIZE_MAX: i64 = 500;
/// Concurrent commands, so that they share commits.
const COMMANDS_AT_ONCE: usize = 64;

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// A reaction could not be carried out.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Log(#[from] event_store::Error),
    #[error(transparent)]
    Timers(#[from] projections::Error),
    #[error("failed to react to event {cause}")]
    Command { cause: Uuid, source: CommandError<BoxedError> },
}

/// Reacts until `stop` is cancelled.
pub async fn run(commands: Commands, progress: Progress, node: Uuid, stop: CancellationToken) {
    let pool = commands.log().pool().clone();
    // While this version's read models are being built, it does not compete for the lease: nodes
    // that know the timers, those of an earlier version, do the work.
    while !stop.is_cancelled() && !progress.wait_until_level(LOOK_EVERY).await {}
    let reactor = Reactor { commands, progress, stop: stop.clone() };
    event_store::lead(reactor, pool, NAME, node, stop).await;
}

struct Reactor {
    commands: Commands,
    progress: Progress,
    stop: CancellationToken,
}

impl Led for Reactor {
    type Error = Error;

    async fn lead(&mut self, _: &Lease) -> Result<(), Error> {
        let pool = self.commands.log().pool();
        while !self.progress.wait_until_level(LOOK_EVERY).await {
            if self.stop.is_cancelled() {
                return Ok(());
            }
        }
        while !self.stop.is_cancelled() {
            let seen = self.progress.position();
            let due = Due::find(pool, BATCH_SIZE_MAX).await?;
            if due.is_empty() {
                let next = Due::next_in(pool).await?.unwrap_or(LOOK_EVERY).min(LOOK_EVERY);
                let _ = self.stop.run_until_cancelled(self.wait(seen, next)).await;
            } else {
                self.act_on(due).await?;
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: &Error, causes: &str) {
        if !self.commands.log().availability().explains(error) {
            tracing::error!(error = causes, "reactors stopped");
        }
        metrics::counter!("colloquy_reaction_failures_total").increment(1);
    }
}

impl Reactor {
    /// Waits until the next timer is due, or until a new event, which may set one that is due
    /// earlier; at least for [`PAUSE`], so as not to look for every event of a busy log.
    async fn wait(&self, seen: Position, next: Duration) {
        let pause = next.min(PAUSE);
        tokio::time::sleep(pause).await;
        self.progress.wait_for(seen.next(), next - pause).await;
    }

    /// Acts on due timers, and waits until the read model no longer has them.
    async fn act_on(&self, due: Vec<Due>) -> Result<(), Error> {
        let acts = futures::stream::iter(due).map(|due| act(&self.commands, due));
        let results: Vec<_> = acts.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        // A failed command must not delay the others.
        let (mut done, mut failure) = (Acted::default(), None);
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
        let gone = self.progress.wait_for(done.position, PATIENCE);
        let _ = self.stop.run_until_cancelled(gone).await;
        if done.appended == 0 {
            // No command changed anything. The timers will catch up, so a busy loop is pointless.
            let _ = self.stop.run_until_cancelled(tokio::time::sleep(REST)).await;
        }
        Ok(())
    }
}

/// The outcome of acting on timers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Acted {
    /// The position from which on the timers are gone.
    position: Position,
    /// Commands that changed something.
    appended: u64,
}

impl Acted {
    fn and(self, other: Self) -> Self {
        Self {
            position: self.position.max(other.position),
            appended: self.appended + other.appended,
        }
    }
}

/// Issues the timer's command.
async fn act(commands: &Commands, due: Due) -> Result<Acted, Error> {
    match &due.action.0 {
        Action::EndMute { membership, until } => {
            let change = ChangeCommand::EndMute { until: *until };
            let command = participation::Command { membership: *membership, change };
            // The member has left and come back since; later events remove the timer.
            let is_over = |refusal: &participation::Refusal| {
                matches!(refusal, participation::Refusal::MembershipEnded)
            };
            tell::<Participation>(commands, &due, command, *until, is_over).await
        }
        Action::EndSnooze { until, .. } => {
            let command = SupportCommand::EndSnooze { until: *until };
            let command = conversation::Command::Support(command);
            // The deletion of the conversation removes the timer.
            let is_over = |refusal: &conversation::Refusal| {
                matches!(refusal, conversation::Refusal::ConversationDeleted)
            };
            tell::<Conversation>(commands, &due, command, *until, is_over).await
        }
    }
}

/// Executes the command of a timer that was due at a time. A refusal for which `is_over` holds
/// counts as done.
async fn tell<A: Decider>(
    commands: &Commands,
    due: &Due,
    command: A::Command,
    due_at: DateTime<Utc>,
    is_over: impl Fn(&A::Refusal) -> bool,
) -> Result<Acted, Error> {
    let context = context(due, due_at);
    let source = match commands.execute::<A>(due.stream.into(), command, &context).await {
        Ok(Outcome { position, first, .. }) => {
            return Ok(Acted { position, appended: first.is_some().into() });
        }
        Err(CommandError::Refused(refusal)) if is_over(&refusal) => {
            return Ok(Acted { position: commands.log().head().await?, appended: 0 });
        }
        Err(CommandError::Refused(refusal)) => CommandError::Refused(refusal.into()),
        Err(CommandError::Contended) => CommandError::Contended,
        Err(CommandError::KeyReused) => CommandError::KeyReused,
        Err(CommandError::Store(error)) => CommandError::Store(error),
    };
    Err(Error::Command { cause: due.cause, source })
}

fn context(due: &Due, due_at: DateTime<Utc>) -> Context {
    Context {
        metadata: Metadata {
            actor: domain::user::SYSTEM_UID.to_owned(),
            account: due.account_id,
            role: "service".to_owned(),
            surface: Surface::Reaction,
            request_id: due.cause.to_string(),
            traceparent: None,
            causation_id: Some(due.cause.to_string()),
            // The timer's due time stands in for the time at which the command was received.
            occurred_at: due_at,
        },
        idempotency: None,
    }
}
