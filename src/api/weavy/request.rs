use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use domain::participation::{ChangeCommand, Membership};
use domain::{ConversationId, PublicId};
use projections::views::{MemberState, View, Viewer};

use super::DIALECT;
use super::body::Object;
use super::objects::{Conversation, Rendered};
use super::query::Query;
use crate::Services;
use crate::edge::failure::Failure;
use crate::edge::request::Request;
use crate::live::Presence;

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

    pub(super) fn presence(&self) -> &Presence {
        self.services.live.presence()
    }

    pub(super) fn query(&self) -> Query {
        Query::parse(self.uri.query().unwrap_or_default())
    }

    pub(super) fn body(&self) -> Result<Object, Failure> {
        Object::read(&self.headers, &self.body)
    }

    /// The stream of the conversation with this public number.
    pub(super) async fn conversation_id(
        &self,
        number: PublicId,
    ) -> Result<ConversationId, Failure> {
        let found = self.views().conversation_id(self.account(), number).await?;
        found.ok_or_else(Failure::not_found)
    }

    /// What the caller sees of a conversation.
    pub(super) async fn view(
        &self,
        id: ConversationId,
        trashed_too: bool,
    ) -> Result<View, Failure> {
        let view = self.views().view(self.account(), self.viewer(), id, trashed_too).await?;
        view.ok_or_else(Failure::not_found)
    }

    /// What everyone sees of a conversation that is not in the trash, if the viewer may.
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

    /// A conversation, as the caller sees it now.
    pub(super) async fn render_conversation(
        &self,
        id: ConversationId,
    ) -> Result<Rendered, Failure> {
        let view = self.view(id, false).await?;
        Ok(Rendered::new(&Conversation::new(&view, self.viewer(), self.presence())))
    }

    /// The caller's own state in a conversation that is not in the trash, and its newest message's
    /// number.
    pub(super) async fn member_state(
        &self,
        number_in_path: &str,
    ) -> Result<(MemberState, Option<PublicId>), Failure> {
        let user = self.user()?;
        let id = self.conversation_id(number(number_in_path)?).await?;
        let found = self.views().member_state(user, id).await?;
        let (conversation, state) = found.ok_or_else(Failure::not_found)?;
        if conversation.trashed {
            return Err(Failure::not_found());
        }
        Ok((state, conversation.newest_id()))
    }

    /// Carries out a member's own command, and answers with the conversation.
    pub(super) async fn change_and_render(
        &self,
        state: MemberState,
        change: ChangeCommand,
    ) -> Result<Rendered, Failure> {
        let MemberState { conversation, membership, .. } = state;
        let membership = Membership { conversation, user: self.user()?, id: membership };
        self.0.change_own(membership, vec![change], &self.context).await?;
        self.render_conversation(conversation).await
    }
}

/// A public number in a path; anything else names nothing.
pub(super) fn number(text: &str) -> Result<PublicId, Failure> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id > PublicId::NONE).ok_or_else(Failure::not_found)
}
