//! Events that must cause a command: a mute or a snooze with an end comes to it.
//!
//! The timers are a read model; at its time each becomes an ordinary command, whose event takes the
//! timer away. One node at a time does this, under a lease. The lease only saves work: a command
//! says which end it is that was reached, so a second one on another node, or after a crash, finds
//! nothing to do.
//!
//! Deliberately not here: rules (a mute that was changed meanwhile goes on because the domain says
//! so) and any state of its own. A further kind of timer is a variant of
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
/// The pause when there was nothing to do about timers that were due.
const REST: Duration = Duration::from_secs(1);
/// How often the timers are looked at, at most.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the timers may take to follow what was done about them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Timers that are looked at together; after a long sleep there may be many.
const BATCH_SIZE_MAX: i64 = 500;
/// Commands under way at once, so that they share commits.
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
    // Until then, nodes that know which timers there are do the work: those of an earlier version,
    // while this one's read models are built.
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
    /// Until the next timer is due, or another one is set meanwhile that may be due before; but not
    /// for every event of a busy log.
    async fn wait(&self, seen: Position, next: Duration) {
        let pause = next.min(PAUSE);
        tokio::time::sleep(pause).await;
        self.progress.wait_for(seen.next(), next - pause).await;
    }

    /// Acts on timers that are due, and waits until they are gone.
    async fn act_on(&self, due: Vec<Due>) -> Result<(), Error> {
        let acts = futures::stream::iter(due).map(|due| act(&self.commands, due));
        let results: Vec<_> = acts.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        // One that fails must not keep the others from their time.
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
            // There was nothing to do, which the timers will see; that is not worth asking all the
            // time.
            let _ = self.stop.run_until_cancelled(tokio::time::sleep(REST)).await;
        }
        Ok(())
    }
}

/// What acting on timers led to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Acted {
    /// From here on the timers are gone.
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
            // The member left and came back meanwhile; the timer goes with what they did since.
            let is_over = |refusal: &participation::Refusal| {
                matches!(refusal, participation::Refusal::MembershipEnded)
            };
            tell::<Participation>(commands, &due, command, *until, is_over).await
        }
        Action::EndSnooze { until, .. } => {
            let command = SupportCommand::EndSnooze { until: *until };
            let command = conversation::Command::Support(command);
            // The timer goes with the conversation.
            let is_over = |refusal: &conversation::Refusal| {
                matches!(refusal, conversation::Refusal::ConversationDeleted)
            };
            tell::<Conversation>(commands, &due, command, *until, is_over).await
        }
    }
}

/// Carries out the command of a timer that was due at a time; a refusal may say that it is over.
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
            // The time that has come is when the command was due to be received.
            occurred_at: due_at,
        },
        idempotency: None,
    }
}
