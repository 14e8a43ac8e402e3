use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::partial::partial;
use crate::{Private, StoredEvent, Text};

/// The details of a contact. In an update, an absent field did not change, and a blank one was
/// cleared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// The e-mail address, unique within the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// The phone number, unique within the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Text>,
    /// The host system's identifier of the contact, unique within the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Text>,
    /// Attributes that channels provide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_attributes: Option<Private<Map<String, Value>>>,
    /// The host system's own attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Private<Map<String, Value>>>,
}

partial!(Profile {
    name: differing_text,
    email: differing_text,
    phone_number: differing_text,
    identifier: differing_text,
    additional_attributes: differing,
    custom_attributes: differing,
});

/// Events of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// The contact was created.
    ContactCreated {
        /// The contact's initial details.
        #[serde(flatten)]
        profile: Profile,
    },
    /// Details of the contact changed.
    ContactUpdated {
        /// Only the fields that changed.
        #[serde(flatten)]
        profile: Profile,
    },
}

impl StoredEvent for Event {
    fn event_type(&self) -> &'static str {
        match self {
            Self::ContactCreated { .. } => "ContactCreated",
            Self::ContactUpdated { .. } => "ContactUpdated",
        }
    }
}
