use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::partial::partial;
use crate::{Private, StoredEvent, Text};

/// What is known of a contact. In an update, a field that is none did not change, and a blank one
/// is taken away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// An e-mail address, of one contact of the account at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Text>,
    /// A phone number, of one contact of the account at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Text>,
    /// The host system's name of the contact, of one contact of the account at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Text>,
    /// What channels say of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_attributes: Option<Private<Map<String, Value>>>,
    /// The host system's own.
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

/// What happened to a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type")]
pub enum Event {
    /// It was made.
    ContactCreated {
        /// What was known from the start.
        #[serde(flatten)]
        profile: Profile,
    },
    /// It changed.
    ContactUpdated {
        /// Only what changed.
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
