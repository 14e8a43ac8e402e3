use projections::views::support;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::seconds;

/// A person who is not a user and whom agents support.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Contact<'a> {
    id: i64,
    name: &'a str,
    email: Option<&'a str>,
    phone_number: Option<&'a str>,
    identifier: Option<&'a str>,
    blocked: bool,
    thumbnail: &'static str,
    availability_status: &'static str,
    #[schema(value_type = Object)]
    additional_attributes: &'a Map<String, Value>,
    #[schema(value_type = Object)]
    custom_attributes: &'a Map<String, Value>,
    created_at: i64,
    /// Left out until the contact has written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false)]
    last_activity_at: Option<i64>,
}

pub(crate) fn contact(contact: &support::Contact) -> Contact<'_> {
    Contact {
        id: contact.number.get(),
        name: &contact.name,
        email: contact.email.as_deref(),
        phone_number: contact.phone_number.as_deref(),
        identifier: contact.identifier.as_deref(),
        blocked: false,
        thumbnail: "",
        availability_status: "offline",
        additional_attributes: &contact.additional_attributes,
        custom_attributes: &contact.custom_attributes,
        created_at: seconds(contact.created_at),
        last_activity_at: contact.last_activity_at.map(seconds),
    }
}
