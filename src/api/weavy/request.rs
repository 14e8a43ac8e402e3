use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use domain::participation::{ChangeCommand, Membership};
use domain::{ConversationId, PublicId, UserId};
use projections::views::{Reference, View, Viewer};
use serde_json::Value;

use super::DIALECT;
use super::body::{self, Object};
use super::objects::{Conversation, Rendered};
use super::query::Query;
use crate::Services;
use crate::edge::commands::MEMBERS_MAX;
use crate::edge::failure::Failure;
use crate::edge::request::Request;
use crate::live::Present;

/// A request of this dialect.
pub(super) struct Weavy(Request);

impl FromRequest<Arc<Services>> for Weavy {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        Ok(Self(Request::read(request, services, &DIALECT).await?))
    }
}

impl Deref for Weavy {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.0
    }
}

impl Weavy {
    pub(super) fn viewer(&self) -> Viewer {
        self.caller.user().map_or(Viewer::Service, Viewer::User)
    }

    pub(super) fn presence(&self) -> Present<'_> {
        self.services.live.presence().now()
    }

    pub(super) fn query(&self) -> Query {
        Query::parse(self.uri.query().unwrap_or_default())
    }

    pub(super) fn body(&self) -> Result<Object, Failure> {
        Object::read(&self.headers, &self.body)
    }

    /// The users that a body names, which must be an array.
    pub(super) async fn users_in_body(&self) -> Result<Vec<UserId>, Failure> {
        self.named_users("the body", &body::read_array(&self.headers, &self.body)?).await
    }

    /// The distinct users that an array names: a number is an id, a string a uid.
    pub(super) async fn named_users(
        &self,
        array: &str,
        items: &[Value],
    ) -> Result<Vec<UserId>, Failure> {
        if items.len() > MEMBERS_MAX {
            return Err(Failure::bad_request(format!("{array} must be at most {MEMBERS_MAX}")));
        }
        let wrong =
            || Failure::bad_request(format!("{array} must be an array of user ids or uids"));
        let reference = |item: &Value| match item {
            Value::Number(id) => id.as_i64().map(|id| Reference::Id(id.into())).ok_or_else(wrong),
            Value::String(uid) => Ok(Reference::Text(uid.clone())),
            _ => Err(wrong()),
        };
        let references = items.iter().map(reference).collect::<Result<Vec<_>, _>>()?;
        let found = self.views().resolve(self.account(), &references).await?;
        let mut users = Vec::new();
        for (item, found) in items.iter().zip(found) {
            let unknown = || Failure::bad_request(format!("{array}: there is no user {item}"));
            let user = found.ok_or_else(unknown)?;
            if !users.contains(&user) {
                users.push(user);
            }
        }
        Ok(users)
    }

    /// The id of the conversation with this public number, or of the contextual chat with this uid,
    /// which is never all digits.
    pub(super) async fn app_id(&self, text: &str) -> Result<ConversationId, Failure> {
        if is_number(text) {
            return self.conversation_id(number(text)?).await;
        }
        if text.contains('\0') {
            return Err(Failure::not_found());
        }
        let found = self.views().conversation_by_uid(self.account(), text).await?;
        found.ok_or_else(Failure::not_found)
    }

    /// The id of the conversation with this public number.
    pub(super) async fn conversation_id(
        &self,
        number: PublicId,
    ) -> Result<ConversationId, Failure> {
        let found = self.views().conversation_id(self.account(), number).await?;
        found.ok_or_else(Failure::not_found)
    }

    /// A conversation as the caller sees it.
    pub(super) async fn view(
        &self,
        id: ConversationId,
        trashed_too: bool,
    ) -> Result<View, Failure> {
        let view = self.views().view(self.account(), self.viewer(), id, trashed_too).await?;
        view.ok_or_else(Failure::not_found)
    }

    /// The details of a conversation that all members share, if it is not in the trash and the
    /// viewer may see it.
    pub(super) async fn conversation(
        &self,
        id: ConversationId,
        viewer: Viewer,
    ) -> Result<Arc<projections::Conversation>, Failure> {
        let found = match viewer {
            Viewer::User(user) => self.views().member_state(user, id).await?.map(|found| found.0),
            Viewer::Service => self.views().conversation(id).await?,
        };
        let visible = found.filter(|found| found.account_id == self.account() && !found.trashed);
        visible.ok_or_else(Failure::not_found)
    }

    /// Renders a conversation as the caller sees it now.
    pub(super) async fn render_conversation(
        &self,
        id: ConversationId,
    ) -> Result<Rendered, Failure> {
        self.render(id, false).await
    }

    /// As [`render_conversation`](Self::render_conversation), optionally also from the trash.
    pub(super) async fn render(
        &self,
        id: ConversationId,
        trashed_too: bool,
    ) -> Result<Rendered, Failure> {
        let view = self.view(id, trashed_too).await?;
        Ok(Rendered::new(&Conversation::new(&view, self.viewer(), self.presence())))
    }

    /// The caller's membership of a conversation that is not in the trash, and the number of its
    /// newest message.
    pub(super) async fn membership(
        &self,
        number_in_path: &str,
    ) -> Result<(Membership, Option<PublicId>), Failure> {
        let user = self.user()?;
        let id = self.conversation_id(number(number_in_path)?).await?;
        let found = self.views().member_of(user, id).await?;
        let (conversation, membership) = found.ok_or_else(Failure::not_found)?;
        if conversation.trashed {
            return Err(Failure::not_found());
        }
        let newest = conversation.newest_id();
        Ok((Membership { conversation: id, user, id: membership }, newest))
    }

    /// Runs a command on the caller's own state.
    pub(super) async fn change(
        &self,
        membership: Membership,
        change: ChangeCommand,
    ) -> Result<(), Failure> {
        self.0.change_own(membership, vec![change]).await?;
        Ok(())
    }

    /// Runs a command on the caller's own state, and renders the conversation.
    pub(super) async fn change_and_render(
        &self,
        membership: Membership,
        change: ChangeCommand,
    ) -> Result<Rendered, Failure> {
        self.change(membership, change).await?;
        self.render_conversation(membership.conversation).await
    }
}

/// A public number in a path; anything else is "not found".
pub(super) fn number(text: &str) -> Result<PublicId, Failure> {
    let id = text.parse().ok().filter(|id| is_number(text) && *id > PublicId::NONE);
    id.ok_or_else(Failure::not_found)
}

/// Whether the text is all digits, and so can only be a public number.
pub(super) fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
