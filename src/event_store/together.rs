use std::any::Any;

use domain::{AccountPosition, Decider, Position};
use uuid::Uuid;

use crate::part::{Part, Refuse, StreamPart};
use crate::store::Sealed;
use crate::{Commands, Context, Error, Outcome, PostgresEventStore};

/// Commands on several streams, to be carried out all or none by [`Commands::execute_together`].
/// `R` is the refusal type that the refusals of all of them are converted to.
pub struct Together<R> {
    id: Uuid,
    command: &'static str,
    /// At least one, each for a different stream.
    parts: Vec<Box<dyn Part<R>>>,
}

impl<R: Send + 'static> Together<R> {
    /// Commands on the first stream; each command sees the effects of those before it.
    pub fn of<A: Decider>(id: A::Id, commands: Vec<A::Command>) -> Self
    where
        A::Refusal: Into<R>,
    {
        let command = commands.first().map_or("none", A::name);
        Self { id: id.into(), command, parts: Vec::new() }.and::<A>(id, commands)
    }

    /// Adds commands on a further stream. If that stream was added before, they run after its
    /// earlier commands. With no commands, the append still requires that the stream does not
    /// change meanwhile.
    pub fn and<A: Decider>(self, id: A::Id, commands: Vec<A::Command>) -> Self
    where
        A::Refusal: Into<R>,
    {
        self.and_refused_as::<A>(id, commands, A::Refusal::into)
    }

    /// As [`Together::and`], with the conversion of these commands' refusals.
    pub fn and_refused_as<A: Decider>(
        mut self,
        id: A::Id,
        commands: Vec<A::Command>,
        refuse: Refuse<A, R>,
    ) -> Self {
        let commands = commands.into_iter().map(|command| (command, refuse)).collect();
        let part = StreamPart::<A, R>::new(id.into(), commands);
        match self.parts.iter_mut().find(|known| known.stream() == part.stream()) {
            // A second part would deadlock: it would wait for the slot that the first one holds.
            Some(known) => {
                let known: &mut dyn Any = known.as_mut();
                let known: &mut StreamPart<A, R> =
                    known.downcast_mut().expect("an aggregate type has one state type");
                known.extend(part);
            }
            None => self.parts.push(Box::new(part)),
        }
        self
    }

    /// The first stream.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// The name of the first command.
    pub(crate) fn command(&self) -> &'static str {
        self.command
    }

    /// How many events have been decided and are not yet in the log.
    pub(crate) fn events(&self) -> i64 {
        self.parts.iter().map(|part| part.events()).sum()
    }

    /// Locks the streams' slots within this process, always in the same order, so that no two
    /// callers deadlock.
    pub(crate) async fn enter(&mut self, commands: &Commands) -> Result<(), Error> {
        let mut parts: Vec<_> = self.parts.iter_mut().collect();
        parts.sort_unstable_by_key(|part| part.stream());
        for part in parts {
            part.enter(commands).await?;
        }
        Ok(())
    }

    /// Lets the domain decide, up to the first refusal.
    pub(crate) fn decide(&mut self, keeps_before: bool) -> Result<(), R> {
        self.parts.iter_mut().try_for_each(|part| part.decide(keeps_before))
    }

    /// Whether the streams are still at the versions that were decided from: another node may have
    /// written since. An append checks that itself, but a refusal or "nothing to do" appends
    /// nothing. Returns the head of the log at that moment; `None` if a stream has moved on.
    pub(crate) async fn confirm(
        &self,
        store: &PostgresEventStore,
    ) -> Result<Option<Position>, Error> {
        let (types, ids): (Vec<_>, Vec<_>) = self.parts.iter().map(|part| part.stream()).unzip();
        let ids: Vec<_> = ids.iter().map(Uuid::to_string).collect();
        let (versions, head) = store.versions(&types, &ids).await?;
        let stands = self.parts.iter().map(|part| part.version()).eq(versions);
        Ok(stands.then_some(head))
    }

    /// Discards the decided events, and brings all states up to date.
    pub(crate) async fn restore(&mut self, store: &PostgresEventStore) -> Result<(), Error> {
        for part in &mut self.parts {
            part.restore(store).await?;
        }
        Ok(())
    }

    /// Drains the decided events and encodes them for the append.
    pub(crate) async fn seal(
        &mut self,
        store: &PostgresEventStore,
        context: &Context,
    ) -> Result<Vec<Sealed>, Error> {
        let mut sealed = Vec::with_capacity(self.parts.len());
        for part in &mut self.parts {
            sealed.push(part.seal(store, context).await?);
        }
        Ok(sealed)
    }

    /// The outcome, given the position of the first event; without events, the head of the log.
    pub(crate) fn outcome(&self, position: Position, first: Option<AccountPosition>) -> Outcome {
        Outcome {
            aggregate_id: self.id,
            position: position + (self.events() - 1).max(0),
            first,
            replayed: false,
        }
    }

    /// To be called once the decided events are in the log.
    pub(crate) fn appended(&mut self, store: &PostgresEventStore) {
        self.parts.iter_mut().for_each(|part| part.appended(store));
    }

    /// Releases the streams to the next commands, and caches the states that match the log.
    pub(crate) fn leave(self) {
        self.parts.into_iter().for_each(|part| part.leave());
    }
}
