use domain::{AccountId, ContactId, InboxId, PublicId};

use super::{Contact, ContactLink, LinkSought};
use crate::{Error, Page, Views};

impl Views {
    /// A page of contacts by number, newest first; those with `q` in their name, e-mail address, phone number or identifier.
    pub async fn support_contacts(
        &self,
        account: AccountId,
        q: Option<&str>,
        limit: i64,
        offset: i64,
    ) -> Result<Page<Contact>, Error> {
        todo!("{account:?} {q:?} {limit} {offset}")
    }

    /// The contact with a public number.
    pub async fn support_contact(
        &self,
        account: AccountId,
        number: PublicId,
    ) -> Result<Option<Contact>, Error> {
        todo!("{account:?} {number:?}")
    }

    /// Who a contact is, in whichever inboxes, the newest first.
    pub async fn links_of_contact(&self, contact: ContactId) -> Result<Vec<ContactLink>, Error> {
        todo!("{contact:?}")
    }

    /// The newest link that is meant.
    pub async fn link_sought(
        &self,
        account: AccountId,
        sought: &LinkSought,
    ) -> Result<Option<ContactLink>, Error> {
        todo!("{account:?} {sought:?}")
    }

    /// The link with this source id in this inbox.
    pub async fn link(
        &self,
        account: AccountId,
        inbox: InboxId,
        source_id: &str,
    ) -> Result<Option<ContactLink>, Error> {
        todo!("{account:?} {inbox:?} {source_id}")
    }
}
