use std::any::Any;

use domain::{AccountPosition, Decider, Position};
use uuid::Uuid;

use crate::part::{Part, Refuse, StreamPart};
use crate::store::Sealed;
use crate::{Commands, Context, Error, Outcome, PostgresEventStore};

/// Commands on several streams, to be carried out all or none by [`Commands::execute_together`].
/// `R` is what a refusal of any of them becomes.
pub struct Together<R> {
    id: Uuid,
    command: &'static str,
    /// One at least, each of another stream.
    parts: Vec<Box<dyn Part<R>>>,
}

impl<R: Send + 'static> Together<R> {
    /// Commands on a first stream: what the first does the second sees.
    pub fn of<A: Decider>(id: A::Id, commands: Vec<A::Command>) -> Self
    where
        A::Refusal: Into<R>,
    {
        let command = commands.first().map_or("none", A::name);
        Self { id: id.into(), command, parts: Vec::new() }.and::<A>(id, commands)
    }

    /// Commands on a further stream; on one that is there already, behind those that are. Without a
    /// command, what the others do still requires that the stream does not change meanwhile.
    pub fn and<A: Decider>(self, id: A::Id, commands: Vec<A::Command>) -> Self
    where
        A::Refusal: Into<R>,
    {
        self.and_refused_as::<A>(id, commands, A::Refusal::into)
    }

    /// As [`Together::and`], with what a refusal of these commands is.
    pub fn and_refused_as<A: Decider>(
        mut self,
        id: A::Id,
        commands: Vec<A::Command>,
        refuse: Refuse<A, R>,
    ) -> Self {
        let commands = commands.into_iter().map(|command| (command, refuse)).collect();
        let part = StreamPart::<A, R>::new(id.into(), commands);
        match self.parts.iter_mut().find(|known| known.stream() == part.stream()) {
            // A second part would wait for the turn of the first.
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

    /// Waits for the streams' turns in this process, always in the same order, so that no two
    /// callers deadlock.
    pub(crate) async fn enter(&mut self, commands: &Commands) -> Result<(), Error> {
        let mut parts: Vec<_> = self.parts.iter_mut().collect();
        parts.sort_unstable_by_key(|part| part.stream());
        for part in parts {
            part.enter(commands).await?;
        }
        Ok(())
    }

    /// Asks the domain, up to the first refusal.
    pub(crate) fn decide(&mut self, keeps_before: bool) -> Result<(), R> {
        self.parts.iter_mut().try_for_each(|part| part.decide(keeps_before))
    }

    /// What is not appended is not checked by the append, so it is checked here: another node may
    /// have written since. The head of the log at that moment; `None`: a stream has moved on.
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

    /// Forgets what was decided, and brings all states up to date.
    pub(crate) async fn restore(&mut self, store: &PostgresEventStore) -> Result<(), Error> {
        for part in &mut self.parts {
            part.restore(store).await?;
        }
        Ok(())
    }

    /// Takes out what was decided, for the append.
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

    /// The outcome, from where the first event went; without events, from the head of the log.
    pub(crate) fn outcome(&self, position: Position, first: Option<AccountPosition>) -> Outcome {
        Outcome {
            aggregate_id: self.id,
            position: position + (self.events() - 1).max(0),
            first,
            replayed: false,
        }
    }

    /// What was decided is in the log.
    pub(crate) fn appended(&mut self, store: &PostgresEventStore) {
        self.parts.iter_mut().for_each(|part| part.appended(store));
    }

    /// Gives the next commands their turns, with the states that are those of the log.
    pub(crate) fn leave(self) {
        self.parts.into_iter().for_each(|part| part.leave());
    }
}
