//! The profile of a contact, new or known, and the values that must be unique.

use domain::Text;
use domain::contact::{IDENTITY_LENGTH_MAX, NAME_LENGTH_MAX, Profile};
use domain::contact_claim::Identity;
use domain::limits::EMAIL_LENGTH_MAX;
use serde_json::{Value, json};

use crate::chatwoot::body::Body;
use crate::chatwoot::error::refused;
use crate::description::parts;
use crate::edge::failure::Failure;

pub(super) fn schema(example: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "email": parts::text(EMAIL_LENGTH_MAX),
            "phone_number": {
                "type": ["string", "null"], "maxLength": IDENTITY_LENGTH_MAX,
                "description": "As E.164 has it: `+`, the country's code and the number",
            },
            "identifier": parts::text(IDENTITY_LENGTH_MAX),
            "additional_attributes": parts::attributes(),
            "custom_attributes": parts::attributes(),
        },
        "example": example,
    })
}

/// Reads a profile from a body. A blank text clears the present value.
pub(super) fn read(body: &Body) -> Result<Profile, Failure> {
    let trimmed = |name| {
        let text = body.clearable_text(name)?;
        Ok::<_, Failure>(text.map(|text| text.as_str().trim().to_owned()))
    };
    let email = trimmed("email")?.map(|email| email.to_lowercase());
    let phone_number = trimmed("phone_number")?;
    Failure::both(
        check("email", email.as_deref(), is_email, "must be an e-mail address"),
        check("phone_number", phone_number.as_deref(), is_e164, "must be an E.164 number"),
    )?;
    let attributes = |name| Some(body.get(name)?.as_object()?.clone().into());
    Ok(Profile {
        name: body.clearable_text("name")?,
        email: email.map(Text::from),
        phone_number: phone_number.map(Text::from),
        identifier: trimmed("identifier")?.map(Text::from),
        additional_attributes: attributes("additional_attributes"),
        custom_attributes: attributes("custom_attributes"),
    })
}

/// The values that no two contacts may share, with their kinds.
pub(super) fn identities(profile: &Profile) -> [(Identity, Option<&str>); 3] {
    [
        (Identity::Email, &profile.email),
        (Identity::PhoneNumber, &profile.phone_number),
        (Identity::Identifier, &profile.identifier),
    ]
    .map(|(identity, text)| (identity, text.as_ref().map(Text::as_str)))
}

fn check(
    name: &str,
    text: Option<&str>,
    is_usable: fn(&str) -> bool,
    must: &str,
) -> Result<(), Failure> {
    match text {
        Some(text) if !text.is_empty() && !is_usable(text) => {
            Err(refused(name, format!("{name} {must}")))
        }
        _ => Ok(()),
    }
}

fn is_email(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| is_part(name) && is_part(host) && !host.contains('@'))
}

/// Whether the text is a plus sign and 2 to 15 digits, of which the first is not 0.
fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && (2..=15).contains(&digits.len()) && !digits.starts_with('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_international() {
        for number in ["+12", "+4930123456", "+123456789012345"] {
            assert!(is_e164(number), "{number}");
        }
        for number in ["+1", "+0123", "4930", "+49 30", "+1234567890123456", "+", "+x1"] {
            assert!(!is_e164(number), "{number}");
        }
    }

    #[test]
    fn email_addresses_have_a_name_and_a_host() {
        for email in ["a@b", "ana+7@example.com"] {
            assert!(is_email(email), "{email}");
        }
        for email in ["ana", "@b", "a@", "a@b@c", "a b@c", "a@b c"] {
            assert!(!is_email(email), "{email}");
        }
    }
}
