//! The steps of carrying a command out: decide, confirm what changes nothing, append what does.

use std::time::Duration;

use domain::Decider;
use uuid::Uuid;

use crate::turn::Turn;
use crate::{Appended, CommandError, Commands, Context, Error, Outcome, StreamContext};

/// What the domain made of the commands.
pub(crate) struct Decision<A: Decider> {
    /// Each with the name of the command that it came from.
    pub(crate) events: Vec<(&'static str, A::Event)>,
    pub(crate) refusal: Option<A::Refusal>,
}

impl<A: Decider> Decision<A> {
    pub(crate) fn changes_nothing(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn refused(self) -> Result<Outcome, CommandError<A::Refusal>> {
        let refusal = self.refusal.expect("it was refused");
        Err(CommandError::Refused(refusal))
    }
}

/// What a look at the database says of a decision that appends nothing.
pub(crate) enum Confirmed<R> {
    /// The stream has moved on; the state has been brought up to date.
    Stale,
    /// It stands, or the idempotency key stands for an earlier answer.
    Answer(Result<Outcome, CommandError<R>>),
    /// The refusal stands.
    Refusal,
    /// There is nothing to do, and an idempotency key to claim for that.
    KeyIsNew,
}

/// How far an append got.
pub(crate) enum Step<R> {
    Done(Outcome),
    /// The idempotency key stands for an earlier answer.
    Replayed(Result<Outcome, CommandError<R>>),
    /// The idempotency key stood for an earlier answer, which is no longer known.
    Forgotten,
    /// Somebody else wrote to the stream first.
    Conflict,
}

impl Commands {
    /// Asks the domain. `None`: the state was one that commands before a refusal had changed; it has been
    /// loaded anew and is another one now.
    pub(crate) async fn decide<A: Decider>(
        &self,
        stream: &mut StreamContext<A>,
        commands: &[A::Command],
    ) -> Result<Option<Decision<A>>, Error> {
        let mut decision = Decision { events: Vec::new(), refusal: None };
        for command in commands {
            match stream.aggregate.decide(command.clone()) {
                Ok(events) => {
                    events.iter().for_each(|event| stream.aggregate.evolve(event));
                    let name = A::name(command);
                    decision.events.extend(events.into_iter().map(|event| (name, event)));
                }
                Err(refusal) => {
                    decision.refusal = Some(refusal);
                    break;
                }
            }
        }
        if decision.refusal.is_some() && !decision.events.is_empty() {
            // The state is that after commands that are not going to be: away with it.
            decision.events.clear();
            let decided_at = stream.version;
            *stream = self.store.load::<A>(&stream.aggregate_id).await?;
            if stream.version != decided_at {
                return Ok(None);
            }
        }
        Ok(Some(decision))
    }

    /// What is not appended is not checked by the append, so it is checked here: another node may have written
    /// since, and an idempotency key may stand for a command that did something when it came first.
    pub(crate) async fn confirm<A: Decider>(
        &self,
        id: Uuid,
        stream: &mut StreamContext<A>,
        decision: &Decision<A>,
        context: &Context,
    ) -> Result<Confirmed<A::Refusal>, Error> {
        let (version, head) = self.store.version::<A>(&stream.aggregate_id).await?;
        if version != stream.version {
            self.store.catch_up(stream).await?;
            return Ok(Confirmed::Stale);
        }
        if let Some(idempotency) = &context.idempotency
            && let Some(replayed) = self.replayed(id, context, idempotency).await?
        {
            return Ok(Confirmed::Answer(replayed));
        }
        Ok(match (&decision.refusal, &context.idempotency) {
            (Some(_), _) => Confirmed::Refusal,
            (None, Some(_)) => Confirmed::KeyIsNew,
            (None, None) => Confirmed::Answer(Ok(Outcome {
                aggregate_id: id,
                position: head,
                first: None,
                replayed: false,
            })),
        })
    }

    pub(crate) async fn append<A: Decider>(
        &self,
        id: Uuid,
        stream: &mut StreamContext<A>,
        events: Vec<(&'static str, A::Event)>,
        context: &Context,
        turn: Option<Turn>,
    ) -> Result<Step<A::Refusal>, CommandError<A::Refusal>> {
        let events: Vec<_> =
            events.into_iter().map(|(name, event)| (event, context.stored(name))).collect();
        match self.store.append(stream, &events, context.claim(), turn).await? {
            Appended::At { position, account_position } => {
                let count = events.len() as i64;
                stream.version += count;
                self.store.offer_snapshot(stream, count);
                Ok(Step::Done(Outcome {
                    aggregate_id: id,
                    position: position + (count - 1).max(0),
                    first: account_position,
                    replayed: false,
                }))
            }
            Appended::Replayed => {
                let idempotency = context.idempotency.as_ref();
                let key = idempotency.expect("only what has a key is replayed");
                // Without an answer it was forgotten between the two looks: the command is a new one.
                let replayed = self.replayed(id, context, key).await?;
                Ok(replayed.map_or(Step::Forgotten, Step::Replayed))
            }
            Appended::KeyReused => Err(CommandError::KeyReused),
            // Decided again, with a key that is made then.
            Appended::Conflict | Appended::KeyLost => Ok(Step::Conflict),
        }
    }

    /// Brings the state up to date after somebody else wrote to the stream first.
    pub(crate) async fn after_conflict<A: Decider>(
        &self,
        stream: &mut StreamContext<A>,
        before: Option<StreamContext<A>>,
    ) -> Result<(), Error> {
        metrics::counter!("colloquy_append_conflicts_total").increment(1);
        *stream = match before {
            Some(before) => before,
            None => self.store.load::<A>(&stream.aggregate_id).await?,
        };
        let jitter_ms = rand::random_range(0..=2);
        tokio::time::sleep(Duration::from_millis(jitter_ms)).await;
        self.store.catch_up(stream).await
    }
}
