use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use domain::participation::Seat;
use event_store::Surface;
use projections::inbox::{self, Chat, Choice, Column};
use projections::{directory, messages};
use uuid::Uuid;

use super::resource::{self, CHAT, CHAT_BOOKMARK, MESSAGE, TYPES, USER};
use crate::State;
use crate::failure::{Failure, Source};
use crate::incoming::{Incoming, SHOWN};
use crate::jsonapi::body::Attributes;
use crate::jsonapi::document::{Document, Load, Resource};
use crate::jsonapi::query::{Offer, Query};
use crate::jsonapi::{Type, media};

/// A request of this dialect: every endpoint speaks for a person.
pub(super) struct Pulse {
    pub(super) incoming: Incoming,
    pub(super) user: Uuid,
}

impl FromRequest<State> for Pulse {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &State) -> Result<Self, Failure> {
        let incoming = Incoming::read(request, state, Surface::Pulse).await?;
        let user = incoming.user()?;
        media::check_accept(&incoming.headers)?;
        Ok(Self { incoming, user })
    }
}

/// An id in a path; anything else names nothing.
pub(super) fn id(text: &str) -> Result<Uuid, Failure> {
    // Other ways to write a UUID are no ids here.
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    hyphenated.then(|| text.parse().ok()).flatten().ok_or_else(Failure::not_found)
}

impl Pulse {
    pub(super) fn query(&self, offer: &Offer) -> Result<Query, Failure> {
        let uri = &self.incoming.uri;
        Query::parse(uri.path(), uri.query().unwrap_or_default(), offer, TYPES)
    }

    /// Waits until the answer may be made; tells what it will reflect.
    pub(super) async fn catch_up(&self) -> Result<i64, Failure> {
        Ok(self.incoming.catch_up(SHOWN).await?)
    }

    /// What the body says of a resource that is to be made.
    pub(super) fn new_attributes(&self, r#type: &Type) -> Result<Attributes, Failure> {
        self.check_body()?;
        Attributes::of_new(&self.incoming.body, r#type)
    }

    /// What the body says of a resource that there is.
    pub(super) fn known_attributes(&self, r#type: &Type, id: Uuid) -> Result<Attributes, Failure> {
        self.check_body()?;
        Attributes::of_known(&self.incoming.body, r#type, id)
    }

    fn check_body(&self) -> Result<(), Failure> {
        if self.incoming.body.is_empty() {
            return Ok(());
        }
        media::check_content_type(&self.incoming.headers)
    }

    /// One of the caller's chats.
    pub(super) async fn chat(&self, id: Uuid) -> Result<Chat, Failure> {
        self.catch_up().await?;
        let found = inbox::chats_of(&self.incoming.state.pool, self.user, &[id]).await?;
        found.into_iter().next().ok_or_else(Failure::not_found)
    }

    /// A message of one of the caller's chats.
    pub(super) async fn message(
        &self,
        chat: &str,
        message: &str,
    ) -> Result<messages::Message, Failure> {
        let (chat, message) = (self.chat(id(chat)?).await?, id(message)?);
        let (pool, account) = (&self.incoming.state.pool, self.incoming.account());
        let found = messages::by_uuid(pool, account, &[message]).await?;
        let of_chat = found.into_iter().find(|found| found.conversation == chat.conversation);
        of_chat.ok_or_else(Failure::not_found)
    }

    /// Whether there is a user of the account with this id.
    pub(super) async fn has_user(&self, user: Uuid) -> Result<bool, Failure> {
        let (pool, account) = (&self.incoming.state.pool, self.incoming.account());
        Ok(!directory::by_uuid(pool, account, &[user]).await?.is_empty())
    }

    /// The user whom an attribute names.
    pub(super) async fn named_user(
        &self,
        attributes: &Attributes,
        name: &str,
    ) -> Result<Uuid, Failure> {
        let unknown = || attributes.failure(StatusCode::NOT_FOUND, name, "there is no such user");
        let user = id(attributes.text(name)?).map_err(|_| unknown())?;
        self.catch_up().await?;
        if self.has_user(user).await? { Ok(user) } else { Err(unknown()) }
    }

    pub(super) fn seat(&self, chat: &Chat) -> Seat {
        let Chat { conversation, membership, .. } = *chat;
        Seat { conversation, user: self.user, membership }
    }

    pub(super) async fn answer(
        &self,
        status: StatusCode,
        position: i64,
        resource: Resource,
        query: &Query,
    ) -> Result<Document, Failure> {
        Document::one(status, position, resource, query, self).await
    }
}

impl Load for Pulse {
    async fn load(&self, r#type: &'static str, keys: &[Uuid]) -> Result<Vec<Resource>, Failure> {
        let (pool, account) = (&self.incoming.state.pool, self.incoming.account());
        let chats = async || inbox::chats_of(pool, self.user, keys).await;
        Ok(match r#type {
            name if name == CHAT.name => {
                chats().await?.iter().map(|chat| resource::chat(chat, self.user)).collect()
            }
            name if name == CHAT_BOOKMARK.name => {
                let chats = chats().await?;
                chats.iter().filter_map(|chat| resource::bookmark(chat, self.user)).collect()
            }
            name if name == MESSAGE.name => messages::by_uuid(pool, account, keys)
                .await?
                .iter()
                .map(resource::message)
                .collect(),
            name if name == USER.name => {
                directory::by_uuid(pool, account, keys).await?.iter().map(resource::user).collect()
            }
            _ => vec![],
        })
    }
}

/// The chats of a page, in the order that the query asks for or the latest changed first.
pub(super) fn choice(query: &Query, column: fn(&str) -> Column) -> Choice {
    let mut order: Vec<_> =
        query.sort.iter().map(|(name, descends)| (column(name), *descends)).collect();
    if order.is_empty() {
        order.push((Column::ChangedAt, true));
    }
    let (limit, offset) = (query.page.size, query.page.offset());
    Choice { order, limit, offset, ..Choice::default() }
}

/// Ids that a filter names.
pub(super) fn ids(name: &str, values: &[String]) -> Result<Vec<Uuid>, Failure> {
    let wrong = |value| {
        Failure::bad_request(format!("filter[{name}] takes ids, not {value}"))
            .at(Source::Parameter(format!("filter[{name}]")))
    };
    values.iter().map(|value| id(value).map_err(|_| wrong(value))).collect()
}
