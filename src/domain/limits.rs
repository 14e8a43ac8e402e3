//! Limits on what users and the host system write: what is accepted can be encoded, published in
//! one NATS message of 1 MiB, stored in every column and index, and read back equal.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, SubsecRound, Timelike, Utc};
use serde_json::{Map, Number, Value};

use crate::Text;

/// Nesting levels of objects and arrays in metadata. JSON parsers limit the depth, and metadata is
/// wrapped in further levels on its way.
pub const METADATA_DEPTH_MAX: usize = 32;
/// Bytes of metadata, as compact JSON.
pub const METADATA_BYTES_MAX: usize = 64 * 1024;
/// Keys in metadata, on all levels together.
pub const METADATA_KEYS_MAX: usize = 1_000;
/// Tags of one object.
pub const TAGS_MAX: usize = 100;
/// Longest tag, in characters.
pub const TAG_LENGTH_MAX: usize = 256;
/// Bytes of all tags of one object, as compact JSON.
pub const TAGS_BYTES_MAX: usize = 16 * 1024;
/// Longest e-mail address, in characters.
pub const EMAIL_LENGTH_MAX: usize = 320;
/// Longest URL of a picture, in characters.
pub const AVATAR_URL_LENGTH_MAX: usize = 2048;
/// Longest text in an attribute, in characters.
pub const ATTRIBUTE_LENGTH_MAX: usize = 1_500;
/// Largest integer in an attribute.
pub const ATTRIBUTE_INTEGER_MAX: i64 = 9_999_999_999;
/// Longest source id (a channel's own id of a contact or a message), in characters.
pub const SOURCE_ID_LENGTH_MAX: usize = 256;
/// Members of an inbox or a team.
pub const GROUP_SIZE_MAX: usize = 1_000;
/// Bytes of an event as published. With its headers it fits into a NATS message, whose limit is 1
/// MiB by default.
pub const EVENT_BYTES_MAX: usize = 1_020_000;

// Worst case: the longest text, with every character escaped as six bytes, and the largest metadata
// and tags.
const _: () = assert!(
    crate::conversation::TEXT_LENGTH_MAX * 6 + METADATA_BYTES_MAX + TAGS_BYTES_MAX + 1024
        < EVENT_BYTES_MAX
);

/// A value that exceeds a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// PostgreSQL cannot store the character.
    #[error("{field} must not contain U+0000")]
    Nul { field: &'static str },
    /// Too many characters.
    #[error("{field} must be at most {max} characters long, not {length}")]
    Characters {
        field: &'static str,
        /// The actual length.
        length: usize,
        max: usize,
    },
    /// Too many bytes.
    #[error("{field} must be at most {max} bytes of JSON, not {length}")]
    Bytes {
        field: &'static str,
        /// The actual length.
        length: usize,
        max: usize,
    },
    /// Too large an integer.
    #[error("{field} must not be an integer greater than {max}")]
    Integer { field: &'static str, max: i64 },
    /// Too many of something.
    #[error("{field} must be at most {max}")]
    Number {
        /// What there is too much of.
        field: &'static str,
        max: usize,
    },
}

/// Checks that a text has at most `max` characters, all of which can be stored.
pub(crate) fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), Excess> {
    let length = text.chars().count();
    if length > max {
        return Err(Excess::Characters { field, length, max });
    }
    if text.contains('\0') { Err(Excess::Nul { field }) } else { Ok(()) }
}

/// Like `check_text`, if there is a text.
pub(crate) fn check_optional(
    field: &'static str,
    text: Option<&Text>,
    max: usize,
) -> Result<(), Excess> {
    text.map_or(Ok(()), |text| check_text(field, text.as_str(), max))
}

/// Checks the depth, the keys and the size of metadata.
pub(crate) fn check_metadata(metadata: Option<&Map<String, Value>>) -> Result<(), Excess> {
    let Some(metadata) = metadata else { return Ok(()) };
    let mut keys = 0;
    check_names(metadata, 1, &mut keys)?;
    check_bytes("metadata", metadata, METADATA_BYTES_MAX)
}

fn check_names(object: &Map<String, Value>, depth: usize, keys: &mut usize) -> Result<(), Excess> {
    check_depth(depth)?;
    *keys += object.len();
    if *keys > METADATA_KEYS_MAX {
        return Err(Excess::Number { field: "the names in metadata", max: METADATA_KEYS_MAX });
    }
    object.iter().try_for_each(|(name, value)| match name.contains('\0') {
        true => Err(Excess::Nul { field: "metadata" }),
        false => check_value(value, depth, keys),
    })
}

fn check_depth(depth: usize) -> Result<(), Excess> {
    match depth > METADATA_DEPTH_MAX {
        true => Err(Excess::Number {
            field: "the levels of nesting in metadata",
            max: METADATA_DEPTH_MAX,
        }),
        false => Ok(()),
    }
}

/// Checks a value inside an object or array on level `depth`.
fn check_value(value: &Value, depth: usize, keys: &mut usize) -> Result<(), Excess> {
    match value {
        Value::String(text) if text.contains('\0') => Err(Excess::Nul { field: "metadata" }),
        Value::Array(items) => {
            check_depth(depth + 1)?;
            items.iter().try_for_each(|item| check_value(item, depth + 1, keys))
        }
        Value::Object(object) => check_names(object, depth + 1, keys),
        _ => Ok(()),
    }
}

/// Checks attributes of a contact or a support conversation: texts and integers are bounded so that
/// every support client can hold them.
pub(crate) fn check_attributes(attributes: &Map<String, Value>) -> Result<(), Excess> {
    check_metadata(Some(attributes))?;
    attributes.values().try_for_each(check_attribute)
}

fn check_attribute(value: &Value) -> Result<(), Excess> {
    match value {
        Value::String(text) => check_text("an attribute", text, ATTRIBUTE_LENGTH_MAX),
        Value::Number(number) if is_too_large(number) => {
            Err(Excess::Integer { field: "an attribute", max: ATTRIBUTE_INTEGER_MAX })
        }
        Value::Array(items) => items.iter().try_for_each(check_attribute),
        Value::Object(object) => object.values().try_for_each(check_attribute),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Only integers are limited. One beyond 64 bits is read as a double, which no longer says whether
/// it was one.
fn is_too_large(number: &Number) -> bool {
    match number.as_i64() {
        Some(integer) => integer > ATTRIBUTE_INTEGER_MAX,
        None => number.as_f64().is_some_and(|double| double > i64::MAX as f64),
    }
}

/// Truncates a time to microseconds, the precision of PostgreSQL. `None` if not every reader can
/// represent it: a year outside 1 to 9999, or a leap second, which PostgreSQL does not know.
pub(crate) fn storable_time(time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const YEARS: RangeInclusive<i32> = 1..=9999;
    const SECOND_NS: u32 = 1_000_000_000;
    let is_storable = YEARS.contains(&time.year()) && time.nanosecond() < SECOND_NS;
    is_storable.then(|| time.trunc_subsecs(6))
}

/// Checks the number, the length and the size of tags.
pub(crate) fn check_tags(tags: &[String]) -> Result<(), Excess> {
    if tags.len() > TAGS_MAX {
        return Err(Excess::Number { field: "the number of tags", max: TAGS_MAX });
    }
    tags.iter().try_for_each(|tag| check_text("a tag", tag, TAG_LENGTH_MAX))?;
    check_bytes("tags", tags, TAGS_BYTES_MAX)
}

fn check_bytes(
    field: &'static str,
    value: &(impl serde::Serialize + ?Sized),
    max: usize,
) -> Result<(), Excess> {
    let length = serde_json::to_string(value).map_or(usize::MAX, |text| text.len());
    if length > max { Err(Excess::Bytes { field, length, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Alternating objects and arrays; the outermost is the first level.
    fn nested(levels: usize) -> Map<String, Value> {
        let wrap = |value, level| if level % 2 == 0 { json!([value]) } else { json!({"a": value}) };
        let value = (1..levels).rev().fold(json!(1), |value, level| wrap(value, level + 1));
        json!({ "a": value }).as_object().cloned().unwrap()
    }

    fn numbered(keys: usize) -> Map<String, Value> {
        (0..keys).map(|n| (n.to_string(), json!(n))).collect()
    }

    #[test]
    fn metadata_is_bounded_in_depth_names_and_bytes() {
        assert_eq!(check_metadata(None), Ok(()));
        assert_eq!(check_metadata(Some(&nested(METADATA_DEPTH_MAX))), Ok(()));
        assert!(check_metadata(Some(&nested(METADATA_DEPTH_MAX + 1))).is_err());
        assert_eq!(check_metadata(Some(&numbered(METADATA_KEYS_MAX))), Ok(()));
        assert!(check_metadata(Some(&numbered(METADATA_KEYS_MAX + 1))).is_err());
        let of_length = |length| json!({ "a": "x".repeat(length) }).as_object().cloned().unwrap();
        let rest = r#"{"a":""}"#.len();
        assert_eq!(check_metadata(Some(&of_length(METADATA_BYTES_MAX - rest))), Ok(()));
        assert!(check_metadata(Some(&of_length(METADATA_BYTES_MAX - rest + 1))).is_err());
    }

    #[test]
    fn what_cannot_be_stored_is_found_wherever_it_is() {
        for metadata in [json!({"a\0": 1}), json!({"a": "\0"}), json!({"a": [{"b": ["\0"]}]})] {
            let metadata = metadata.as_object().unwrap();
            assert_eq!(check_metadata(Some(metadata)), Err(Excess::Nul { field: "metadata" }));
        }
        assert_eq!(check_tags(&["\0".to_owned()]), Err(Excess::Nul { field: "a tag" }));
        assert_eq!(check_text("name", "\0", 9), Err(Excess::Nul { field: "name" }));
    }

    #[test]
    fn tags_are_bounded_in_number_and_length() {
        let tags = |number, length| vec!["x".repeat(length); number];
        assert_eq!(check_tags(&tags(TAGS_MAX, 100)), Ok(()));
        assert!(check_tags(&tags(TAGS_MAX + 1, 1)).is_err());
        assert!(check_tags(&tags(1, TAG_LENGTH_MAX + 1)).is_err());
        assert!(check_tags(&tags(TAGS_MAX, TAG_LENGTH_MAX)).is_err());
    }
}
