use std::sync::Arc;

use domain::{AccountId, InboxId, PublicId, UserId};

use super::{Inbox, Team};
use crate::{Error, User, Views};

impl Views {
    /// All inboxes of an account, by number.
    pub async fn inboxes(&self, account: AccountId) -> Result<Vec<Inbox>, Error> {
        todo!("{account:?}")
    }

    /// The inboxes that an agent is in.
    pub async fn inboxes_of(
        &self,
        account: AccountId,
        user: UserId,
    ) -> Result<Vec<InboxId>, Error> {
        todo!("{account:?} {user:?}")
    }

    /// The inbox with a public number.
    pub async fn inbox(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<Inbox>, Error> {
        todo!("{account:?} {number:?}")
    }

    /// Who is in an inbox, by number.
    pub async fn inbox_members(
        &self,
        account: AccountId,
        inbox: InboxId,
    ) -> Result<Vec<Arc<User>>, Error> {
        todo!("{account:?} {inbox:?}")
    }

    /// All teams of an account, by number.
    pub async fn teams(&self, account: AccountId) -> Result<Vec<Team>, Error> {
        todo!("{account:?}")
    }

    /// The team with a public number.
    pub async fn team(&self, account: AccountId, number: PublicId) -> Result<Option<Team>, Error> {
        todo!("{account:?} {number:?}")
    }

    /// Users who were seen as agents or administrators, by number.
    pub async fn agents(&self, account: AccountId) -> Result<Vec<Arc<User>>, Error> {
        todo!("{account:?}")
    }
}
