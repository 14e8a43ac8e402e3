use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use axum::http::StatusCode;
use domain::participation::Membership;
use domain::{ConversationId, UserId};
use projections::views::{Chat, ShownMessage};
use uuid::Uuid;

use super::DIALECT;
use super::objects::{self, CHAT, CHAT_BOOKMARK, MESSAGE, TYPES, USER};
use crate::Services;
use crate::edge::failure::Failure;
use crate::edge::request::Request;
use crate::jsonapi::body::Attributes;
use crate::jsonapi::document::{Document, Load, Resource};
use crate::jsonapi::media;
use crate::jsonapi::query::{Offer, Query};

/// A request of this dialect; every endpoint requires a user.
pub(super) struct Pulse {
    request: Request,
    pub(super) user: UserId,
}

impl FromRequest<Arc<Services>> for Pulse {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        let request = Request::read(request, services, &DIALECT).await?;
        let user = request.user()?;
        media::check_accept(&request.headers)?;
        Ok(Self { request, user })
    }
}

impl Deref for Pulse {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

/// An id in a path; anything else is "not found".
pub(super) fn id<T: From<Uuid>>(text: &str) -> Result<T, Failure> {
    // Of the notations of a UUID only the hyphenated one is an id.
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    let id: Option<Uuid> = hyphenated.then(|| text.parse().ok()).flatten();
    id.map(T::from).ok_or_else(Failure::not_found)
}

impl Pulse {
    pub(super) fn query(&self, offer: &Offer) -> Result<Query, Failure> {
        let uri = &self.uri;
        Query::parse(uri.path(), uri.query().unwrap_or_default(), offer, TYPES)
    }

    /// One of the caller's chats.
    pub(super) async fn chat(&self, id: ConversationId) -> Result<Chat, Failure> {
        let found = self.views().chats_of(self.user, &[id]).await?;
        found.into_iter().next().ok_or_else(Failure::not_found)
    }

    /// A message of one of the caller's chats.
    pub(super) async fn message(&self, chat: &str, message: &str) -> Result<ShownMessage, Failure> {
        let (chat, message) = (self.chat(id(chat)?).await?, id(message)?);
        let found = self.views().messages_of(self.account(), &[message]).await?;
        let of_this = |found: &ShownMessage| found.message.conversation == chat.state.conversation;
        let of_chat = found.into_iter().find(of_this);
        of_chat.ok_or_else(Failure::not_found)
    }

    /// Whether the account has a user with this id.
    pub(super) async fn has_user(&self, user: UserId) -> Result<bool, Failure> {
        Ok(!self.views().users_of(self.account(), &[user]).await?.is_empty())
    }

    /// The user that an attribute names.
    pub(super) async fn named_user(
        &self,
        attributes: &Attributes,
        name: &str,
    ) -> Result<UserId, Failure> {
        let unknown = || attributes.failure(StatusCode::NOT_FOUND, name, "there is no such user");
        let user = id(attributes.text(name)?).map_err(|_| unknown())?;
        if self.has_user(user).await? { Ok(user) } else { Err(unknown()) }
    }

    pub(super) fn membership(&self, chat: &Chat) -> Membership {
        let state = &chat.state;
        Membership { conversation: state.conversation, user: self.user, id: state.membership }
    }

    pub(super) async fn answer(
        &self,
        status: StatusCode,
        resource: Resource,
        query: &Query,
    ) -> Result<Document, Failure> {
        Document::one(status, resource, query, self).await
    }
}

impl Load for Pulse {
    async fn load(&self, r#type: &'static str, keys: &[Uuid]) -> Result<Vec<Resource>, Failure> {
        let (views, account) = (self.views(), self.account());
        Ok(match r#type {
            name if name == CHAT.name => {
                let chats = views.chats_of(self.user, &typed(keys)).await?;
                chats.iter().map(|chat| objects::chat(chat, self.user)).collect()
            }
            name if name == CHAT_BOOKMARK.name => {
                let chats = views.chats_of(self.user, &typed(keys)).await?;
                chats.iter().filter_map(|chat| objects::bookmark(chat, self.user)).collect()
            }
            name if name == MESSAGE.name => {
                let messages = views.messages_of(account, &typed(keys)).await?;
                messages.iter().map(|found| objects::message(&found.message)).collect()
            }
            name if name == USER.name => {
                let users = views.users_of(account, &typed(keys)).await?;
                users.iter().map(|user| objects::user(user)).collect()
            }
            _ => vec![],
        })
    }
}

/// Turns keys into ids of the type that is loaded.
fn typed<T: From<Uuid>>(keys: &[Uuid]) -> Vec<T> {
    keys.iter().copied().map(T::from).collect()
}
