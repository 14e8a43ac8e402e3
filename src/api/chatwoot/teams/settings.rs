//! The settings of a team, new or known.

use domain::team::{DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX, Settings};
use serde_json::{Value, json};

use crate::chatwoot::body::Body;
use crate::description::parts;
use crate::edge::failure::Failure;

pub(super) fn schema(example: Value) -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": parts::text(NAME_LENGTH_MAX),
            "description": parts::text(DESCRIPTION_LENGTH_MAX),
            "allow_auto_assign": {
                "type": ["boolean", "null"],
                "description": "Kept as it is set; nothing follows from it",
            },
        },
        "example": example,
    })
}

/// Reads a team's settings from a body. A blank description clears the present one.
pub(super) fn read(body: &Body) -> Result<Settings, Failure> {
    Ok(Settings {
        name: body.clearable_text("name")?,
        description: body.clearable_text("description")?,
        allow_auto_assign: body.boolean("allow_auto_assign")?,
    })
}
