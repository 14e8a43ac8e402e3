//! One stream's part in commands on several streams: decide, bring the state up to date, encode.

use std::any::Any;

use domain::Decider;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::store::Sealed;
use crate::{Commands, Context, Error, PostgresEventStore, StreamContext};

/// Converts the refusal of one aggregate to the common refusal type of commands on several.
pub(crate) type Refuse<A, R> = fn(<A as Decider>::Refusal) -> R;

/// A stream of any aggregate, and commands on it.
pub(crate) trait Part<R>: Any + Send + Sync {
    /// The aggregate's type and the stream.
    fn stream(&self) -> (&'static str, Uuid);

    /// How many of the stream's recorded events the state reflects.
    fn version(&self) -> i64;

    /// How many events have been decided and are not yet in the log.
    fn events(&self) -> i64;

    /// Locks the stream's slot within this process, and takes the cached state or loads it.
    fn enter<'a>(&'a mut self, commands: &'a Commands) -> BoxFuture<'a, Result<(), Error>>;

    /// Lets the domain decide, and folds the decided events into the state. A copy of the state
    /// before is kept only if `keeps_before` is set.
    fn decide(&mut self, keeps_before: bool) -> Result<(), R>;

    /// Discards the decided events, and brings the state up to date.
    fn restore<'a>(&'a mut self, store: &'a PostgresEventStore)
    -> BoxFuture<'a, Result<(), Error>>;

    /// Drains the decided events and encodes them for the append.
    fn seal<'a>(
        &'a mut self,
        store: &'a PostgresEventStore,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Sealed, Error>>;

    /// To be called once the decided events are in the log.
    fn appended(&mut self, store: &PostgresEventStore);

    /// Releases the stream to the next command, and caches the state if it matches the log.
    fn leave(self: Box<Self>);
}

/// A stream, the commands on it, and their progress.
pub(crate) struct StreamPart<A: Decider, R> {
    id: Uuid,
    commands: Vec<(A::Command, Refuse<A, R>)>,
    slot: Option<OwnedMutexGuard<Option<StreamContext<A>>>>,
    state: StreamContext<A>,
    before: Option<StreamContext<A>>,
    /// Each with the name of the command that it came from.
    decided: Vec<(&'static str, A::Event)>,
    /// How many events the state is ahead of its version.
    ahead: i64,
}

impl<A: Decider, R> StreamPart<A, R> {
    pub(crate) fn new(id: Uuid, commands: Vec<(A::Command, Refuse<A, R>)>) -> Self {
        let state =
            StreamContext { aggregate_id: id.to_string(), aggregate: A::default(), version: 0 };
        Self { id, commands, slot: None, state, before: None, decided: Vec::new(), ahead: 0 }
    }

    /// Adds further commands behind the present ones.
    pub(crate) fn extend(&mut self, other: Self) {
        self.commands.extend(other.commands);
    }
}

impl<A: Decider, R: Send + 'static> Part<R> for StreamPart<A, R> {
    fn stream(&self) -> (&'static str, Uuid) {
        (A::TYPE, self.id)
    }

    fn version(&self) -> i64 {
        self.state.version
    }

    fn events(&self) -> i64 {
        self.ahead
    }

    fn enter<'a>(&'a mut self, commands: &'a Commands) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            let mut slot = commands.slot::<A>(self.id).lock_owned().await;
            self.state = match slot.take() {
                Some(state) => state,
                None => commands.store.load::<A>(&self.state.aggregate_id).await?,
            };
            self.slot = Some(slot);
            Ok(())
        }
        .boxed()
    }

    fn decide(&mut self, keeps_before: bool) -> Result<(), R> {
        self.before = keeps_before.then(|| self.state.clone());
        for (command, refuse) in &self.commands {
            let events = self.state.aggregate.decide(command.clone()).map_err(refuse)?;
            self.ahead += events.len() as i64;
            events.iter().for_each(|event| self.state.aggregate.evolve(event));
            let name = A::name(command);
            self.decided.extend(events.into_iter().map(|event| (name, event)));
        }
        Ok(())
    }

    fn restore<'a>(
        &'a mut self,
        store: &'a PostgresEventStore,
    ) -> BoxFuture<'a, Result<(), Error>> {
        async move {
            if self.ahead > 0 {
                self.state = match self.before.take() {
                    Some(before) => before,
                    None => store.load::<A>(&self.state.aggregate_id).await?,
                };
                self.decided.clear();
                self.ahead = 0;
            }
            store.catch_up(&mut self.state).await
        }
        .boxed()
    }

    fn seal<'a>(
        &'a mut self,
        store: &'a PostgresEventStore,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Sealed, Error>> {
        let events = self.decided.drain(..);
        let events: Vec<_> = events.map(|(name, event)| (event, context.stored(name))).collect();
        async move { store.seal(&self.state, &events).await }.boxed()
    }

    fn appended(&mut self, store: &PostgresEventStore) {
        let count = std::mem::take(&mut self.ahead);
        self.state.version += count;
        store.offer_snapshot(&self.state, count);
    }

    fn leave(self: Box<Self>) {
        if let (Some(mut slot), 0) = (self.slot, self.ahead) {
            *slot = Some(self.state);
        }
    }
}
