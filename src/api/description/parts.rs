//! Parts of bodies that more than one dialect accepts, with the domain's bounds.

use domain::limits::{METADATA_KEYS_MAX, TAG_LENGTH_MAX, TAGS_MAX};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::written;

/// A text that may be missing, null or blank.
pub(crate) fn text(length_max: usize) -> Value {
    json!({ "type": ["string", "null"], "maxLength": length_max })
}

/// A text that is required and must not be blank.
pub(crate) fn required_text(length_max: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": length_max, "pattern": r"\S" })
}

/// A number without a maximum: values beyond the last item count as all.
pub(crate) fn natural(minimum: i64, default: i64, description: &str) -> RefOr<Schema> {
    written(json!({
        "type": "integer", "minimum": minimum, "default": default, "description": description,
    }))
}

/// An integer without bounds: one beyond 64 bits names nothing.
pub(crate) fn integer() -> RefOr<Schema> {
    written(json!({ "type": "integer" }))
}

/// A time in a body.
pub(crate) fn time(description: &str) -> Value {
    json!({
        "type": ["number", "string", "null"],
        "description": format!("Unix seconds or ISO 8601{description}"),
    })
}

/// An object; any other value is ignored.
pub(crate) fn attributes() -> Value {
    json!({ "description": "An object; any other value counts as not given" })
}

/// An object of the host system.
pub(crate) fn metadata() -> Value {
    json!({ "type": ["object", "null"], "maxProperties": METADATA_KEYS_MAX })
}

pub(crate) fn tags() -> Value {
    let tag = json!({ "type": "string", "maxLength": TAG_LENGTH_MAX });
    json!({ "type": ["array", "null"], "maxItems": TAGS_MAX, "items": tag })
}
