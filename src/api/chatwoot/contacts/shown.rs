//! A contact, with their source ids in the inboxes that the caller sees.

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

/// A contact with the links that the caller sees, and these links' inboxes.
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

    /// The contact's links to inboxes, the newest first.
    pub(super) fn contact_inboxes(&self) -> Vec<ContactInbox<'_>> {
        let inbox = |link: &ContactLink| self.inboxes.iter().find(|inbox| inbox.uuid == link.inbox);
        let links = self.links.iter();
        links.filter_map(|link| Some(contact_inbox(&link.source_id, inbox(link)?))).collect()
    }

    /// The contact's oldest link to an inbox, so that a repeated request finds the link that the
    /// original created.
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
