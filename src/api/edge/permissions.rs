use std::sync::Arc;

use domain::conversation::{Asker, Command};
use domain::{ConversationId, UserId};
use projections::Conversation;

use super::failure::Failure;
use super::request::Request;
use super::token::Role;

/// Which conversations a caller may delete beside their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Administrators may delete every conversation of the account, including those in the trash.
    Account,
    /// Administrators may delete rooms and contextual chats that are not in the trash; a private
    /// chat belongs to its two members alone.
    Rooms,
}

impl Request {
    /// The calling user; refused for a service token, which has no list, marker or pin of its own.
    pub(crate) fn user(&self) -> Result<UserId, Failure> {
        self.caller.user().ok_or_else(|| {
            Failure::forbidden("this endpoint speaks for a user, and a service token has none")
        })
    }

    /// Whether the caller may do account-wide what others may do only where they are members.
    pub(crate) fn administers(&self) -> bool {
        matches!(self.caller.role, Role::Administrator | Role::Service)
    }

    /// Refuses everyone but the host system.
    pub(crate) fn service(&self) -> Result<(), Failure> {
        match self.caller.user() {
            None => Ok(()),
            Some(_) => Err(Failure::forbidden("this endpoint needs a service token")),
        }
    }

    /// Checks that the caller may issue these commands on a conversation.
    pub(super) async fn may_change(
        &self,
        id: ConversationId,
        trashed_too: bool,
        commands: &[Command],
    ) -> Result<(), Failure> {
        let (conversation, asker) = self.asked_of(id).await?;
        if conversation.trashed && !trashed_too {
            return Err(Failure::not_found());
        }
        let mut checked = commands.iter().map(|one| one.check_asker(conversation.kind, asker));
        Ok(checked.try_for_each(|one| one)?)
    }

    /// Checks that the caller may delete a conversation.
    pub(super) async fn may_delete(&self, id: ConversationId, reach: Reach) -> Result<(), Failure> {
        let (conversation, asker) = self.asked_of(id).await?;
        let is_member = matches!(asker, Asker::User { is_member: true, .. });
        let is_of_others = !is_member && conversation.kind.has_fixed_members();
        if reach == Reach::Rooms && (conversation.trashed || is_of_others) {
            return Err(Failure::not_found());
        }
        Ok(Command::DeleteConversation.check_asker(conversation.kind, asker)?)
    }

    /// A conversation of the account, and the caller's relation to it. To callers without access it
    /// is "not found".
    async fn asked_of(&self, id: ConversationId) -> Result<(Arc<Conversation>, Asker), Failure> {
        let (views, user) = (self.views(), self.caller.user());
        let of_member = match user {
            Some(user) => views.member_state(user, id).await?.map(|(found, _)| found),
            None => None,
        };
        let is_member = of_member.is_some();
        let found = match of_member {
            None if self.administers() => views.conversation(id).await?,
            found => found,
        };
        let found = found.filter(|found| found.account_id == self.account());
        let conversation = found.ok_or_else(Failure::not_found)?;
        let asker = user.map_or(Asker::HostSystem, |user| Asker::User {
            user,
            is_member,
            is_creator: conversation.created_by == Some(user),
            is_administrator: self.caller.role == Role::Administrator,
        });
        Ok((conversation, asker))
    }
}
