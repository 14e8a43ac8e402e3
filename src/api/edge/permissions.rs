use domain::conversation::Kind;
use domain::{ConversationId, UserId};
use projections::views::Viewer;

use super::failure::Failure;
use super::request::Request;
use super::token::Role;

/// Whose conversations may be deleted, beside one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// For administrators, every one of the account; those in the trash too.
    Account,
    /// For administrators, rooms and contextual chats that are not in the trash: a private chat is
    /// for its two alone.
    Rooms,
}

impl Request {
    /// The calling user; a service token has no list, marker or pin that could be meant.
    pub(crate) fn user(&self) -> Result<UserId, Failure> {
        self.caller.user().ok_or_else(|| {
            Failure::forbidden("this endpoint speaks for a user, and a service token has none")
        })
    }

    /// May do in the whole account what others may do where they are members.
    pub(crate) fn administers(&self) -> bool {
        matches!(self.caller.role, Role::Administrator | Role::Service)
    }

    /// Only the host system may.
    pub(crate) fn service(&self) -> Result<(), Failure> {
        match self.caller.user() {
            None => Ok(()),
            Some(_) => Err(Failure::forbidden("this endpoint needs a service token")),
        }
    }

    /// A conversation may be deleted by either member of a private chat, by its creator, and by
    /// whoever administers the account.
    pub(super) async fn may_delete(&self, id: ConversationId, reach: Reach) -> Result<(), Failure> {
        let administers = self.administers();
        let viewer = match self.caller.user() {
            Some(user) if !administers => Viewer::User(user),
            _ => Viewer::Service,
        };
        let trashed_too = reach == Reach::Account;
        let view = self.views().view(self.account(), viewer, id, trashed_too).await?;
        let view = view.ok_or_else(Failure::not_found)?;
        let caller = self.caller.user();
        let private = match view.conversation.kind {
            Kind::Private => true,
            Kind::Room | Kind::Contextual | Kind::Support => false,
        };
        let is_member = view.members().any(|(member, _)| Some(member.user) == caller);
        if private && reach == Reach::Rooms && !is_member {
            return Err(Failure::not_found());
        }
        let created = caller.is_some() && view.conversation.created_by == caller;
        if !(administers || created || private) {
            return Err(Failure::forbidden(
                "only its creator, an administrator or the host system may delete it",
            ));
        }
        Ok(())
    }
}
