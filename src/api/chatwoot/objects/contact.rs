use projections::views::support;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::agent::OFFLINE;
use super::inbox::Inbox;

/// Somebody outside whom agents support.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct Contact<'a> {
    id: i64,
    /// Empty when there is none.
    name: &'a str,
    #[schema(required)]
    email: Option<&'a str>,
    #[schema(required)]
    phone_number: Option<&'a str>,
    /// The host system's name of the contact.
    #[schema(required)]
    identifier: Option<&'a str>,
    blocked: bool,
    thumbnail: &'static str,
    #[schema(example = "offline")]
    availability_status: &'static str,
    additional_attributes: &'a Map<String, Value>,
    custom_attributes: &'a Map<String, Value>,
    /// Seconds since 1970.
    created_at: i64,
    /// Of the newest incoming message, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_activity_at: Option<i64>,
}

impl<'a> From<&'a support::Contact> for Contact<'a> {
    fn from(contact: &'a support::Contact) -> Self {
        Self {
            id: contact.number.get(),
            name: &contact.name,
            email: contact.email.as_deref(),
            phone_number: contact.phone_number.as_deref(),
            identifier: contact.identifier.as_deref(),
            blocked: false,
            thumbnail: "",
            availability_status: OFFLINE,
            additional_attributes: &contact.additional_attributes,
            custom_attributes: &contact.custom_attributes,
            created_at: contact.created_at.timestamp(),
            last_activity_at: contact.last_activity_at.map(|at| at.timestamp()),
        }
    }
}

/// Who a contact is in an inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct ContactInbox<'a> {
    source_id: &'a str,
    inbox: Inbox<'a>,
}

impl<'a> ContactInbox<'a> {
    pub(in crate::chatwoot) fn new(source_id: &'a str, inbox: &'a support::Inbox) -> Self {
        Self { source_id, inbox: inbox.into() }
    }
}

/// A contact, with who they are in the inboxes that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::chatwoot) struct LinkedContact<'a> {
    #[serde(flatten)]
    contact: Contact<'a>,
    contact_inboxes: Vec<ContactInbox<'a>>,
}

impl<'a> LinkedContact<'a> {
    pub(in crate::chatwoot) fn new(
        contact: &'a support::Contact,
        contact_inboxes: Vec<ContactInbox<'a>>,
    ) -> Self {
        Self { contact: contact.into(), contact_inboxes }
    }
}
