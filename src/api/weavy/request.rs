use axum::extract::{FromRequest, Request};
use domain::participation::{ChangeCommand, Seat};
use event_store::Surface;
use projections::inbox;
use uuid::Uuid;

use super::json;
use super::object::Conversation;
use super::query::Query;
use crate::State;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::failure::Failure;
use crate::incoming::{Incoming, SHOWN};

/// A request of this dialect.
pub(super) struct Weavy(pub(super) Incoming);

impl FromRequest<State> for Weavy {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        Ok(Self(Incoming::read(request, state, Surface::Weavy).await?))
    }
}

impl Weavy {
    pub(super) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub(super) fn account(&self) -> i64 {
        self.0.caller.account
    }

    pub(super) fn user(&self) -> Result<Uuid, Failure> {
        self.0.user()
    }

    /// Only the host system may.
    pub(super) fn key(&self) -> Result<(), Failure> {
        match self.0.caller.user() {
            None => Ok(()),
            Some(_) => Err(Failure::forbidden("this endpoint needs a service token")),
        }
    }

    pub(super) fn viewer(&self) -> inbox::Viewer {
        self.0.caller.user().map_or(inbox::Viewer::Key, inbox::Viewer::User)
    }

    pub(super) fn query(&self) -> Query {
        Query::parse(self.0.uri.query().unwrap_or_default())
    }

    pub(super) fn body(&self) -> Result<json::Object, Failure> {
        json::Object::read(&self.0.headers, &self.0.body)
    }

    /// The conversation with a public number, as the caller sees it.
    pub(super) async fn view(&self, id: i64, trashed_too: bool) -> Result<Conversation, Failure> {
        let pool = &self.0.state.pool;
        let view = inbox::get(pool, self.account(), self.viewer(), id, trashed_too).await?;
        Ok(Conversation::new(view.ok_or_else(Failure::not_found)?, self.viewer()))
    }

    /// The caller's seat in a conversation.
    pub(super) async fn seat(&self, id: &str) -> Result<(i64, inbox::Seat), Failure> {
        let (user, id) = (self.user()?, number(id)?);
        self.0.catch_up(SHOWN).await?;
        let seat = inbox::seat(&self.0.state.pool, self.account(), user, id).await?;
        Ok((id, seat.ok_or_else(Failure::not_found)?))
    }

    /// Carries out a member's own command, and answers with the conversation.
    pub(super) async fn change_own(
        &self,
        id: i64,
        seat: inbox::Seat,
        change: ChangeCommand,
    ) -> Result<Answer<Conversation>, Failure> {
        let inbox::Seat { conversation, membership, .. } = seat;
        let seat = Seat { conversation, user: self.user()?, membership };
        let outcome = self.0.change_own(seat, vec![change], &self.0.context).await?;
        let position = self.0.reflected(&outcome).await?;
        Ok(Answer::ok(position, self.view(id, false).await?))
    }
}

/// A public number in a path; anything else names nothing.
pub(super) fn number(text: &str) -> Result<i64, Failure> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id > 0).ok_or_else(Failure::not_found)
}
