use projections::views::support;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Contact, Inbox, contact, inbox};

/// A contact's source id in an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactInbox<'a> {
    source_id: &'a str,
    inbox: Inbox<'a>,
}

pub(crate) fn contact_inbox<'a>(source_id: &'a str, of: &'a support::Inbox) -> ContactInbox<'a> {
    ContactInbox { source_id, inbox: inbox(of) }
}

/// A contact, with their source ids in the inboxes that the caller sees, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkedContact<'a> {
    #[serde(flatten)]
    contact: Contact<'a>,
    contact_inboxes: Vec<ContactInbox<'a>>,
}

pub(crate) fn linked_contact<'a>(
    of: &'a support::Contact,
    contact_inboxes: Vec<ContactInbox<'a>>,
) -> LinkedContact<'a> {
    LinkedContact { contact: contact(of), contact_inboxes }
}
