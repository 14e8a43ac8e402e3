use axum::extract::{FromRequest, Request};
use domain::participation::{ChangeCommand, Seat};
use event_store::{Outcome, Surface};
use projections::directory::{self, Reference};
use projections::inbox::{self, Entry};
use projections::messages;
use uuid::Uuid;

use super::fields::Fields;
use super::id;
use super::object::Conversation;
use super::paging::Query;
use crate::State;
use crate::answer::Answer;
use crate::commands::MEMBERS_MAX;
use crate::failure::Failure;
use crate::incoming::{Incoming, SHOWN};

/// A request of this dialect: every endpoint speaks for a person.
pub(super) struct Protocol {
    pub(super) incoming: Incoming,
    pub(super) user: Uuid,
}

impl FromRequest<State> for Protocol {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let incoming = Incoming::read(request, state, Surface::Protocol).await?;
        let user = incoming.user()?;
        Ok(Self { incoming, user })
    }
}

impl Protocol {
    pub(super) fn query(&self) -> Query {
        Query::parse(self.incoming.uri.query().unwrap_or_default())
    }

    pub(super) async fn fields(&self) -> Result<Fields, Failure> {
        Fields::read(&self.incoming.headers, self.incoming.body.clone()).await
    }

    /// Waits until the answer may be made; tells what it will reflect.
    pub(super) async fn catch_up(&self) -> Result<i64, Failure> {
        Ok(self.incoming.catch_up(SHOWN).await?)
    }

    /// The caller's entry for a conversation, by its id in a path or a body.
    pub(super) async fn entry(&self, id: &str) -> Result<Entry, Failure> {
        let conversation = id::decode(id).ok_or_else(Failure::not_found)?;
        self.entry_of(conversation).await
    }

    pub(super) async fn entry_of(&self, conversation: Uuid) -> Result<Entry, Failure> {
        self.catch_up().await?;
        let entry = inbox::entry(&self.incoming.state.pool, self.user, conversation).await?;
        entry.ok_or_else(Failure::not_found)
    }

    /// A group that the caller is in.
    pub(super) async fn group(&self, id: &str) -> Result<inbox::Group, Failure> {
        let conversation = id::decode(id).ok_or_else(Failure::not_found)?;
        self.catch_up().await?;
        let group = inbox::group(&self.incoming.state.pool, self.user, conversation).await?;
        group.ok_or_else(Failure::not_found)
    }

    /// A message of the account; whether the caller may see it is not asked here.
    pub(super) async fn message(&self, id: &str) -> Result<messages::Read, Failure> {
        let message = id::decode(id).ok_or_else(Failure::not_found)?;
        self.message_named(messages::Name::Uuid(message)).await
    }

    pub(super) async fn message_named(
        &self,
        name: messages::Name,
    ) -> Result<messages::Read, Failure> {
        let (pool, account) = (&self.incoming.state.pool, self.incoming.account());
        let message = messages::read(pool, account, self.user, name).await?;
        message.ok_or_else(Failure::not_found)
    }

    /// The users that are named by id or uid.
    pub(super) async fn contacts(&self, names: &[String]) -> Result<Vec<Uuid>, Failure> {
        self.catch_up().await?;
        if names.len() > MEMBERS_MAX {
            let why = format!("there must be at most {MEMBERS_MAX} contacts");
            return Err(Failure::bad_request(why));
        }
        if names.iter().any(|name| name.contains('\0')) {
            return Err(unknown_contact());
        }
        let references: Vec<Reference> =
            names.iter().map(|name| Reference::UuidOrUid(id::decode(name), name.clone())).collect();
        let pool = &self.incoming.state.pool;
        let found = directory::resolve(pool, self.incoming.account(), &references).await?;
        found.into_iter().map(|user| user.ok_or_else(unknown_contact)).collect()
    }

    /// Carries out what a member does to their own state, and answers with the conversation.
    pub(super) async fn change_own(
        &self,
        entry: &Entry,
        change: ChangeCommand,
    ) -> Result<Answer<Conversation>, Failure> {
        let seat = self.seat(entry);
        let outcome = self.incoming.change_own(seat, vec![change], &self.incoming.context).await?;
        self.answer(entry.conversation, &outcome).await
    }

    pub(super) fn seat(&self, entry: &Entry) -> Seat {
        let Entry { conversation, membership, .. } = *entry;
        Seat { conversation, user: self.user, membership }
    }

    /// The conversation as a command left it.
    pub(super) async fn answer(
        &self,
        conversation: Uuid,
        outcome: &Outcome,
    ) -> Result<Answer<Conversation>, Failure> {
        let position = self.incoming.reflected(outcome).await?;
        Ok(Answer::ok(position, self.entry_of(conversation).await?.into()))
    }
}

fn unknown_contact() -> Failure {
    Failure { detail: Some("there is no such contact".to_owned()), ..Failure::not_found() }
}
