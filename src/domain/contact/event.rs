use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::partial::{differing, differing_text, take};
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

impl Profile {
    /// Only what `newer` says and `self` does not have so.
    pub(super) fn difference(&self, newer: Self) -> Self {
        Self {
            name: differing_text(&self.name, newer.name),
            email: differing_text(&self.email, newer.email),
            phone_number: differing_text(&self.phone_number, newer.phone_number),
            identifier: differing_text(&self.identifier, newer.identifier),
            additional_attributes: differing(
                &self.additional_attributes,
                newer.additional_attributes,
            ),
            custom_attributes: differing(&self.custom_attributes, newer.custom_attributes),
        }
    }

    /// Takes over what `newer` says.
    pub fn merge(&mut self, newer: &Self) {
        take(&mut self.name, &newer.name);
        take(&mut self.email, &newer.email);
        take(&mut self.phone_number, &newer.phone_number);
        take(&mut self.identifier, &newer.identifier);
        take(&mut self.additional_attributes, &newer.additional_attributes);
        take(&mut self.custom_attributes, &newer.custom_attributes);
    }
}

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
