use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequest, Request as HttpRequest};
use domain::conversation::support::SupportCommand;
use domain::conversation::{Command, Conversation as Aggregate};
use domain::participation::{self, ChangeCommand, Membership, Participation};
use domain::{AccountId, ConversationId, InboxId, MembershipId, ParticipationId, PublicId, UserId};
use event_store::{Outcome, Together};
use projections::User;
use projections::views::Reference;
use projections::views::support::{Contact, Desk, Inbox, SupportConversation, SupportPlace, Team};

use super::DIALECT;
use super::body::Body;
use super::objects;
use super::query::Query;
use crate::Services;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;
use crate::edge::request::Request;
use crate::edge::token::Role;

/// How often a request starts over when concurrent requests change what it has read.
pub(super) const ATTEMPTS_MAX: usize = 20;

/// A request of this dialect, from an agent, an administrator or the host system, to the account
/// that its path names.
pub(super) struct Chatwoot {
    request: Request,
    /// The caller, and the inboxes that they see.
    pub(super) desk: Desk,
}

/// A request to one of the few endpoints that bots may call, too.
pub(super) struct OpenToBots(pub(super) Chatwoot);

impl FromRequest<Arc<Services>> for Chatwoot {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        let request = Self::read(request, services).await?;
        match request.caller.role {
            Role::Bot => Err(Failure::forbidden("bots may not do this")),
            _ => Ok(request),
        }
    }
}

impl FromRequest<Arc<Services>> for OpenToBots {
    type Rejection = Failure;

    async fn from_request(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        Chatwoot::read(request, services).await.map(Self)
    }
}

impl Deref for Chatwoot {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Chatwoot {
    async fn read(request: HttpRequest, services: &Arc<Services>) -> Result<Self, Failure> {
        let request = Request::read(request, services, &DIALECT).await?;
        let account = request.account();
        if account_in(request.uri.path())? != account {
            return Err(Failure::forbidden("the access token is of another account"));
        }
        let user = request.caller.user();
        let inboxes = match (request.caller.role, user) {
            (Role::Member, _) => {
                return Err(Failure::forbidden("only agents, administrators and bots may call"));
            }
            (Role::Agent, Some(agent)) => Some(request.views().inboxes_of(account, agent).await?),
            (Role::Agent | Role::Administrator | Role::Bot | Role::Service, _) => None,
        };
        Ok(Self { request, desk: Desk { account, user, inboxes } })
    }

    pub(super) fn query(&self) -> Query {
        Query::parse(self.uri.query().unwrap_or_default())
    }

    pub(super) fn body(&self) -> Result<Body, Failure> {
        Body::json(&self.headers, &self.body)
    }

    /// Refuses everyone but administrators and the host system.
    pub(super) fn administer(&self) -> Result<(), Failure> {
        match self.administers() {
            true => Ok(()),
            false => Err(Failure::forbidden("only administrators and service tokens may do this")),
        }
    }

    /// The calling agent, who becomes the assignee of conversations that they open; `None` for
    /// other callers.
    pub(super) fn agent(&self) -> Option<UserId> {
        self.caller.user().filter(|_| self.caller.role == Role::Agent)
    }

    /// An inbox of the account, if the caller may see it.
    pub(super) async fn inbox(&self, number: PublicId) -> Result<Inbox, Failure> {
        let inbox = self.views().inbox(self.account(), number).await?;
        let inbox = inbox.ok_or_else(Failure::not_found)?;
        self.may_see(inbox.uuid)?;
        Ok(inbox)
    }

    /// An inbox of the account, even if the caller may not see it.
    pub(super) async fn inbox_of(&self, id: InboxId) -> Result<Inbox, Failure> {
        let inboxes = self.views().inboxes(self.account()).await?;
        inboxes.into_iter().find(|inbox| inbox.uuid == id).ok_or_else(Failure::not_found)
    }

    pub(super) fn may_see(&self, inbox: InboxId) -> Result<(), Failure> {
        match self.desk.inboxes.as_ref().is_none_or(|inboxes| inboxes.contains(&inbox)) {
            true => Ok(()),
            false => Err(Failure::forbidden("the caller is not a member of the inbox")),
        }
    }

    /// A contact of the account.
    pub(super) async fn contact(&self, number: PublicId) -> Result<Contact, Failure> {
        let contact = self.views().support_contact(self.account(), number).await?;
        contact.ok_or_else(Failure::not_found)
    }

    pub(super) async fn team(&self, number: PublicId) -> Result<Team, Failure> {
        let team = self.views().team(self.account(), number).await?;
        team.ok_or_else(Failure::not_found)
    }

    /// A user who can be assigned to conversations.
    pub(super) async fn agent_named(&self, number: PublicId) -> Result<Arc<User>, Failure> {
        let named = [Reference::Id(number)];
        let found = self.views().resolve(self.account(), &named).await?;
        let ids: Vec<UserId> = found.into_iter().flatten().collect();
        let users = self.views().users_of(self.account(), &ids).await?;
        let mut agents = users.into_iter().filter(|user| is_agent(user));
        agents.next().ok_or_else(Failure::not_found)
    }

    /// Inbox, channel and contact of a conversation whose inbox the caller sees, by the
    /// conversation's number in a path.
    pub(super) async fn place(&self, number: &str) -> Result<SupportPlace, Failure> {
        let number = number_in_path(number)?;
        let place = self.views().support_place(self.account(), number).await?;
        let place = place.ok_or_else(Failure::not_found)?;
        self.may_see(place.inbox)?;
        Ok(place)
    }

    /// A conversation's id, by its number in a path.
    pub(super) async fn conversation_id(&self, number: &str) -> Result<ConversationId, Failure> {
        Ok(self.place(number).await?.uuid)
    }

    /// A conversation, by its number in a path.
    pub(super) async fn conversation(
        &self,
        number: &str,
    ) -> Result<Arc<SupportConversation>, Failure> {
        let number = number_in_path(number)?;
        let found = self.views().support_conversation(self.account(), number).await?;
        let found = found.ok_or_else(Failure::not_found)?;
        self.may_see(found.inbox)?;
        Ok(found)
    }

    /// A conversation that the caller sees, by id.
    pub(super) async fn conversation_of(
        &self,
        id: ConversationId,
    ) -> Result<Arc<SupportConversation>, Failure> {
        let found = self.views().support_conversation_of(self.account(), id).await?;
        let found = found.ok_or_else(Failure::not_found)?;
        self.may_see(found.inbox)?;
        Ok(found)
    }

    pub(super) async fn render_conversation(
        &self,
        id: ConversationId,
    ) -> Result<Rendered, Failure> {
        let conversation = self.conversation_of(id).await?;
        Ok(Rendered::new(&objects::conversation(&conversation, &self.desk)))
    }

    /// Waits until the read models show what concurrent requests have recorded.
    pub(super) async fn wait_for_head(&self) -> Result<(), Failure> {
        let head = self.services.commands.log().head().await?;
        self.wait_for_position(head).await
    }

    /// Changes a support conversation, all or nothing.
    pub(super) async fn change(
        &self,
        id: ConversationId,
        commands: Vec<SupportCommand>,
    ) -> Result<Outcome, Failure> {
        let commands = commands.into_iter().map(Command::Support).collect();
        self.execute_all::<Aggregate>(id, commands).await
    }

    /// Changes the state that roles have in a support conversation: the agents in common, or its
    /// assignee.
    pub(super) async fn change_roles(
        &self,
        conversation: &SupportConversation,
        roles: &[UserId],
        change: &ChangeCommand,
    ) -> Result<(), Failure> {
        let mut parts = roles.iter().map(|role| role_change(conversation, *role, change.clone()));
        if let Some((stream, command)) = parts.next() {
            let first = Together::of::<Participation>(stream, vec![command]);
            let all = parts.fold(first, |all, (stream, command)| {
                all.and::<Participation>(stream, vec![command])
            });
            self.execute_together(all).await?;
        }
        Ok(())
    }
}

/// The command for a role in a support conversation, and its stream.
pub(super) fn role_change(
    conversation: &SupportConversation,
    role: UserId,
    change: ChangeCommand,
) -> (ParticipationId, participation::Command) {
    let id = MembershipId::new(conversation.number.get());
    let membership = Membership { conversation: conversation.uuid, user: role, id };
    let stream = domain::participation_id(conversation.uuid, role);
    (stream, participation::Command { membership, change })
}

/// Whether conversations can be assigned to a user.
pub(super) fn is_agent(user: &User) -> bool {
    [Role::Agent, Role::Administrator]
        .iter()
        .any(|role| user.role.as_deref() == Some(role.as_str()))
}

/// The account that a path of this dialect names.
fn account_in(path: &str) -> Result<AccountId, Failure> {
    let rest = path.strip_prefix(DIALECT.prefix).unwrap_or_default();
    let account = rest.split('/').nth(1).unwrap_or_default();
    account.parse().map_err(|_| Failure::not_found())
}

/// A public number in a path; anything else is "not found".
pub(super) fn number_in_path(text: &str) -> Result<PublicId, Failure> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|id| digits && *id > PublicId::NONE).ok_or_else(Failure::not_found)
}
