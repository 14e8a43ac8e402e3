use serde_json::{Map, Value};

use crate::limits::{EMAIL_LENGTH_MAX, check_attributes, check_optional};
use crate::{Private, Text};

use super::{Command, Contact, Event, IDENTITY_LENGTH_MAX, NAME_LENGTH_MAX, Profile, Refusal};

pub(super) fn decide(contact: &Contact, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::CreateContact { .. } if contact.created => Err(Refusal::ContactExists),
        Command::CreateContact { profile } => {
            Ok(vec![Event::ContactCreated { profile: checked(given(profile))? }])
        }
        _ if !contact.created => Err(Refusal::ContactUnknown),
        Command::UpdateContact { profile } => {
            let known = &contact.profile;
            let profile = checked(Profile {
                additional_attributes: merged(
                    &known.additional_attributes,
                    profile.additional_attributes,
                ),
                custom_attributes: merged(&known.custom_attributes, profile.custom_attributes),
                ..profile
            })?;
            let profile = known.difference(profile);
            if profile == Profile::default() {
                return Ok(vec![]);
            }
            Ok(vec![Event::ContactUpdated { profile }])
        }
        Command::ExpectIdentities { email, phone_number, identifier } => {
            let known = &contact.profile;
            let is_so = value(&known.email) == value(&email)
                && value(&known.phone_number) == value(&phone_number)
                && value(&known.identifier) == value(&identifier);
            if is_so { Ok(vec![]) } else { Err(Refusal::IdentitiesChanged) }
        }
    }
}

/// Empty when there is none.
fn value(text: &Option<Text>) -> &str {
    text.as_ref().map_or("", Text::as_str)
}

/// Blank counts as none.
fn given(profile: Profile) -> Profile {
    let given = |text: Option<Text>| text.filter(|text| !text.is_blank());
    Profile {
        name: given(profile.name),
        email: given(profile.email),
        phone_number: given(profile.phone_number),
        identifier: given(profile.identifier),
        ..profile
    }
}

type Attributes = Option<Private<Map<String, Value>>>;

fn merged(known: &Attributes, new: Attributes) -> Attributes {
    let new = new?;
    let mut all = known.as_ref().and_then(Private::reveal).cloned().unwrap_or_default();
    all.extend(new.reveal().cloned().unwrap_or_default());
    Some(all.into())
}

fn checked(profile: Profile) -> Result<Profile, Refusal> {
    check_optional("name", profile.name.as_ref(), NAME_LENGTH_MAX)?;
    check_optional("email", profile.email.as_ref(), EMAIL_LENGTH_MAX)?;
    check_optional("phone_number", profile.phone_number.as_ref(), IDENTITY_LENGTH_MAX)?;
    check_optional("identifier", profile.identifier.as_ref(), IDENTITY_LENGTH_MAX)?;
    for attributes in [&profile.additional_attributes, &profile.custom_attributes] {
        if let Some(attributes) = attributes.as_ref().and_then(Private::reveal) {
            check_attributes(attributes)?;
        }
    }
    Ok(profile)
}
