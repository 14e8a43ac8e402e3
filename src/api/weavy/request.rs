use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::participation::{ChangeCommand, Command, Participation, Seat};
use event_store::Surface;
use projections::{conversation_list, directory, inbox, messages};
use serde::Serialize;
use uuid::Uuid;

use super::object::Conversation;
use super::query::Query;
use super::{Problem, json};
use crate::State;
use crate::caller::Caller;
use crate::incoming::{Incoming, POSITION};

/// The read models that a conversation is shown from.
pub(super) const CONVERSATION: &[&str] =
    &[conversation_list::NAME, inbox::NAME, messages::NAME, directory::NAME];

/// A request of this dialect.
pub(super) struct Weavy(pub(super) Incoming);

impl FromRequest<State> for Weavy {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &State) -> Result<Self, Problem> {
        Ok(Self(Incoming::read(request, state, Surface::Weavy).await?))
    }
}

/// An answer, with the log position that it reflects.
pub(super) struct Answer<T> {
    pub(super) status: StatusCode,
    pub(super) position: i64,
    pub(super) body: T,
}

impl<T> Answer<T> {
    pub(super) fn ok(position: i64, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let position = [(POSITION, self.position.to_string())];
        (self.status, position, Json(self.body)).into_response()
    }
}

/// An answer without a body.
pub(super) struct Done {
    pub(super) status: StatusCode,
    pub(super) position: i64,
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        (self.status, [(POSITION, self.position.to_string())]).into_response()
    }
}

impl Weavy {
    pub(super) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub(super) fn account(&self) -> i64 {
        self.0.caller.account
    }

    /// The calling user; a key has no list, marker or pin that could be meant.
    pub(super) fn user(&self) -> Result<Uuid, Problem> {
        self.0.caller.user().ok_or_else(|| {
            Problem::forbidden("this endpoint speaks for a user, and a service token has none")
        })
    }

    /// Only the host system may.
    pub(super) fn key(&self) -> Result<(), Problem> {
        match self.0.caller.user() {
            None => Ok(()),
            Some(_) => Err(Problem::forbidden("this endpoint needs a service token")),
        }
    }

    pub(super) fn viewer(&self) -> inbox::Viewer {
        self.0.caller.user().map_or(inbox::Viewer::Key, inbox::Viewer::User)
    }

    pub(super) fn query(&self) -> Query {
        Query::parse(self.0.uri.query().unwrap_or_default())
    }

    pub(super) fn body(&self) -> Result<json::Object, Problem> {
        json::Object::read(&self.0.headers, &self.0.body)
    }

    /// The conversation with a public number, as the caller sees it.
    pub(super) async fn view(&self, id: i64, trashed_too: bool) -> Result<Conversation, Problem> {
        let pool = &self.0.state.pool;
        let view = inbox::get(pool, self.account(), self.viewer(), id, trashed_too).await?;
        Ok(Conversation::new(view.ok_or_else(Problem::not_found)?, self.viewer()))
    }

    /// The caller's seat in a conversation.
    pub(super) async fn seat(&self, id: &str) -> Result<(i64, inbox::Seat), Problem> {
        let (user, id) = (self.user()?, number(id)?);
        self.0.catch_up(CONVERSATION).await?;
        let seat = inbox::seat(&self.0.state.pool, self.account(), user, id).await?;
        Ok((id, seat.ok_or_else(Problem::not_found)?))
    }

    /// Carries out a member's own command, and answers with the conversation.
    pub(super) async fn change_own(
        &self,
        id: i64,
        seat: inbox::Seat,
        change: ChangeCommand,
    ) -> Result<Answer<Conversation>, Problem> {
        let user = self.user()?;
        let name = change.name();
        let inbox::Seat { conversation, membership, .. } = seat;
        let command = Command { seat: Seat { conversation, user, membership }, change };
        let stream = domain::participation_id(conversation, user);
        let outcome = self
            .0
            .state
            .commands
            .execute::<Participation>(stream, name, command, &self.0.context)
            .await?;
        let position = self.0.settled(projections::Progress::names(), outcome.position).await?;
        Ok(Answer::ok(position, self.view(id, false).await?))
    }
}

/// A public number in a path; anything else names nothing.
pub(super) fn number(text: &str) -> Result<i64, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id > 0).ok_or_else(Problem::not_found)
}
