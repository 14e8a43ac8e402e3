//! A contact, and who they are in the inboxes that the caller sees.

use domain::{InboxId, PublicId};
use projections::views::support::{Contact, ContactLink, Inbox};
use serde::Serialize;
use utoipa::ToSchema;

use crate::chatwoot::objects::{ContactInbox, LinkedContact, contact_inbox, linked_contact};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// One contact.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OneContact<'a> {
    payload: LinkedContact<'a>,
}

/// A contact as the caller sees them, with the inboxes of who they are.
pub(super) struct Shown {
    contact: Contact,
    links: Vec<ContactLink>,
    inboxes: Vec<Inbox>,
}

impl Shown {
    pub(super) async fn find(request: &Chatwoot, number: PublicId) -> Result<Self, Failure> {
        let contact = request.contact(number).await?;
        let mut links = request.views().links_of_contact(contact.uuid).await?;
        links.retain(|link| request.may_see(link.inbox).is_ok());
        let inboxes = match &links[..] {
            [] => vec![],
            _ => request.views().inboxes(request.account()).await?,
        };
        Ok(Self { contact, links, inboxes })
    }

    /// Who the contact is, the newest first.
    pub(super) fn contact_inboxes(&self) -> Vec<ContactInbox<'_>> {
        let inbox = |link: &ContactLink| self.inboxes.iter().find(|inbox| inbox.uuid == link.inbox);
        let links = self.links.iter();
        links.filter_map(|link| Some(contact_inbox(&link.source_id, inbox(link)?))).collect()
    }

    /// The one in an inbox that they had first: what a request made is found again when it is
    /// repeated.
    pub(super) fn first_source_id(&self, inbox: InboxId) -> Option<&str> {
        let link = self.links.iter().rev().find(|link| link.inbox == inbox);
        link.map(|link| &*link.source_id)
    }

    pub(super) fn linked_contact(&self) -> LinkedContact<'_> {
        linked_contact(&self.contact, self.contact_inboxes())
    }

    pub(super) fn render(&self) -> Rendered {
        Rendered::new(&OneContact { payload: self.linked_contact() })
    }
}
