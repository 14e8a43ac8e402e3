use std::ops::Deref;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request as HttpRequest};
use domain::participation::{ChangeCommand, Membership};
use domain::{ConversationId, UserId};
use projections::views::{Entry, Group, Name, Read, Reference};

use super::DIALECT;
use super::body::Fields;
use super::id;
use super::objects::Conversation;
use super::query::Query;
use crate::Services;
use crate::edge::commands::MEMBERS_MAX;
use crate::edge::failure::Failure;
use crate::edge::request::Request;

/// A request of this dialect; every endpoint requires a user.
pub(super) struct Protocol {
    request: Request,
    pub(super) user: UserId,
}

impl FromRequest<Arc<Services>> for Protocol {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        let request = Request::read(request, services, &DIALECT).await?;
        let user = request.user()?;
        Ok(Self { request, user })
    }
}

impl Deref for Protocol {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Protocol {
    pub(super) fn query(&self) -> Query {
        Query::parse(self.uri.query().unwrap_or_default())
    }

    pub(super) async fn fields(&self) -> Result<Fields, Failure> {
        Fields::read(&self.headers, self.body.clone()).await
    }

    /// The caller's view of a conversation, by the conversation's id in a path or a body.
    pub(super) async fn entry(&self, id: &str) -> Result<Entry, Failure> {
        let conversation = id::decode(id).ok_or_else(Failure::not_found)?;
        self.entry_of(conversation).await
    }

    pub(super) async fn entry_of(&self, conversation: ConversationId) -> Result<Entry, Failure> {
        let entry = self.views().entry(self.user, conversation).await?;
        entry.ok_or_else(Failure::not_found)
    }

    /// A group that the caller is in.
    pub(super) async fn group(&self, id: &str) -> Result<Group, Failure> {
        let conversation = id::decode(id).ok_or_else(Failure::not_found)?;
        let group = self.views().group(self.user, conversation).await?;
        group.ok_or_else(Failure::not_found)
    }

    /// A message of the account; does not check whether the caller may see it.
    pub(super) async fn message(&self, id: &str) -> Result<Read, Failure> {
        let message = id::decode(id).ok_or_else(Failure::not_found)?;
        self.message_named(Name::Uuid(message)).await
    }

    pub(super) async fn message_named(&self, name: Name) -> Result<Read, Failure> {
        let message = self.views().read(self.account(), self.user, name).await?;
        message.ok_or_else(Failure::not_found)
    }

    /// The users with these ids or uids.
    pub(super) async fn contacts(&self, names: &[String]) -> Result<Vec<UserId>, Failure> {
        if names.len() > MEMBERS_MAX {
            let why = format!("there must be at most {MEMBERS_MAX} contacts");
            return Err(Failure::bad_request(why));
        }
        if names.iter().any(|name| name.contains('\0')) {
            return Err(unknown_contact());
        }
        let references: Vec<Reference> =
            names.iter().map(|name| Reference::UuidOrUid(id::decode(name), name.clone())).collect();
        let found = self.views().resolve(self.account(), &references).await?;
        found.into_iter().map(|user| user.ok_or_else(unknown_contact)).collect()
    }

    /// Changes the caller's own state, and renders the conversation.
    pub(super) async fn change_and_render(
        &self,
        entry: &Entry,
        change: ChangeCommand,
    ) -> Result<Json<Conversation>, Failure> {
        self.request.change_own(self.membership(entry), vec![change]).await?;
        self.render_conversation(entry.state.conversation).await
    }

    pub(super) fn membership(&self, entry: &Entry) -> Membership {
        let state = &entry.state;
        Membership { conversation: state.conversation, user: self.user, id: state.membership }
    }

    /// Renders the conversation as it is now.
    pub(super) async fn render_conversation(
        &self,
        conversation: ConversationId,
    ) -> Result<Json<Conversation>, Failure> {
        Ok(Json(self.entry_of(conversation).await?.into()))
    }
}

fn unknown_contact() -> Failure {
    Failure { detail: Some("there is no such contact".to_owned()), ..Failure::not_found() }
}
