//! The settings of an inbox, new or known.

use domain::inbox::{Channel, NAME_LENGTH_MAX, Settings, WEBSITE_URL_LENGTH_MAX};
use domain::limits::EMAIL_LENGTH_MAX;
use serde_json::{Value, json};

use crate::chatwoot::body::Body;
use crate::description::parts;
use crate::edge::failure::Failure;

pub(super) fn schema(example: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "enable_auto_assignment": {
                "type": ["boolean", "null"],
                "description": "Kept as it is set; nothing follows from it",
            },
            "lock_to_single_conversation": {
                "type": ["boolean", "null"],
                "description": "Whether a contact has one conversation for good",
            },
            "channel": {
                "type": ["object", "null"],
                "properties": {
                    "website_url": parts::text(WEBSITE_URL_LENGTH_MAX),
                    "email": parts::text(EMAIL_LENGTH_MAX),
                },
            },
        },
        "example": example,
    })
}

/// Reads an inbox's settings from a body, and those of its channel from a nested object.
pub(super) fn read(body: &Body, of_channel: &Body, channel: Channel) -> Result<Settings, Failure> {
    let own = |owner, name| match channel == owner {
        true => of_channel.text(name),
        false => Ok(None),
    };
    Ok(Settings {
        name: body.clearable_text("name")?,
        website_url: own(Channel::WebWidget, "website_url")?,
        email: own(Channel::Email, "email")?,
        lock_to_single_conversation: body.boolean("lock_to_single_conversation")?,
        enable_auto_assignment: body.boolean("enable_auto_assignment")?,
    })
}
