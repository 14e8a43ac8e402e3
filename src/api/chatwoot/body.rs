#[cfg(test)]
mod tests;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use domain::{PublicId, Text};
use serde_json::{Map, Value};

use super::error::{malformed, missing, refused};
use crate::edge::failure::Failure;
use crate::edge::{json, multipart};

/// The fields of a body. Unless a method says otherwise, `null` and blank text count as absent, and
/// unknown fields are ignored.
#[derive(Debug, Default)]
pub(super) struct Body(Map<String, Value>);

/// A public number that nothing has, for values that are not ids.
const NO_NUMBER: PublicId = PublicId::new(-1);

impl Body {
    /// Reads a JSON object; an empty body counts as an empty object.
    pub(super) fn json(headers: &HeaderMap, body: &[u8]) -> Result<Self, Failure> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let media_type = essence(headers).filter(|essence| !is_json(essence));
        if let Some(media_type) = media_type {
            return Err(malformed(format!("the body must be JSON, not {media_type}")));
        }
        match json::parse_bytes(body) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            Ok(_) => Err(malformed("the body must be a JSON object")),
            Err(why) => Err(malformed(format!("the body {why}"))),
        }
    }

    /// As [`json`](Self::json), or multipart/form-data: each part is a text field, objects as JSON.
    pub(super) async fn json_or_parts(headers: &HeaderMap, body: Bytes) -> Result<Self, Failure> {
        if essence(headers).as_deref() != Some("multipart/form-data") {
            return Self::json(headers, &body);
        }
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let fields = multipart::read(media_type.unwrap_or_default(), body).await;
        let fields = fields.map_err(|failure| malformed(failure.message()))?;
        Ok(Self(fields.into_iter().map(|(name, value)| (name, value.into())).collect()))
    }

    /// Whether the field is present, even as null.
    pub(super) fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value; `None` if it counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let is_given = |value: &&Value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        };
        self.0.get(name).filter(is_given)
    }

    /// A text; a number is taken as it is written.
    pub(super) fn text(&self, name: &str) -> Result<Option<Text>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(refused(name, format!("{name} must not contain U+0000")))
            }
            Some(Value::String(text)) => Ok(Some(text.as_str().into())),
            Some(Value::Number(number)) => Ok(Some(number.to_string().into())),
            Some(_) => Err(refused(name, format!("{name} must be a string"))),
        }
    }

    /// A text that must be present.
    pub(super) fn required_text(&self, name: &str) -> Result<Text, Failure> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A text; an explicit blank one is kept, and clears the present value.
    pub(super) fn clearable_text(&self, name: &str) -> Result<Option<Text>, Failure> {
        match self.0.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => Ok(Some("".into())),
            _ => self.text(name),
        }
    }

    /// A public number, given as a number or as digits. Any other value becomes a number that
    /// nothing has.
    pub(super) fn id(&self, name: &str) -> Option<PublicId> {
        self.get(name).map(number)
    }

    /// Public numbers, in the order given. The field must be present.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<PublicId>, Failure> {
        match self.get(name) {
            None => Err(missing(name)),
            Some(Value::Array(items)) => Ok(items.iter().map(number).collect()),
            Some(_) => Err(refused(name, format!("{name} must be an array of ids"))),
        }
    }

    /// Texts, as an array or as one text with commas. The field must be present, but may be empty.
    pub(super) fn strings(&self, name: &str) -> Result<Vec<String>, Failure> {
        let wrong = || refused(name, format!("{name} must be an array of strings"));
        let text = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(wrong);
        match self.0.get(name) {
            None | Some(Value::Null) => Err(missing(name)),
            Some(Value::Array(items)) => items.iter().map(text).collect(),
            Some(Value::String(text)) => Ok(text.split(',').map(str::to_owned).collect()),
            Some(_) => Err(wrong()),
        }
    }

    /// A public number that may be cleared: `None` if the field is absent, `Some(None)` for null,
    /// blank text and 0.
    pub(super) fn clearable_id(&self, name: &str) -> Option<Option<PublicId>> {
        let id = self.id(name).filter(|id| *id != PublicId::NONE);
        self.names(name).then_some(id)
    }

    /// One of several values, by name.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        named: fn(T) -> &'static str,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let found = all.iter().find(|one| value.as_str() == Some(named(**one)));
        let unknown = || {
            let names: Vec<&str> = all.iter().map(|one| named(*one)).collect();
            refused(name, format!("{name} must be one of {}", names.join(", ")))
        };
        found.copied().map(Some).ok_or_else(unknown)
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(value) => match value.as_str().map(str::to_lowercase).as_deref() {
                Some("true" | "1") => Ok(Some(true)),
                Some("false" | "0") => Ok(Some(false)),
                _ => Err(refused(name, format!("{name} must be true or false"))),
            },
        }
    }

    /// A time: Unix seconds, as a number or a text, or ISO 8601.
    pub(super) fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let time = match value {
            Value::Number(number) => number.as_f64().and_then(seconds),
            Value::String(text) => text.trim().parse().ok().and_then(seconds).or_else(|| iso(text)),
            _ => None,
        };
        let wrong = || refused(name, format!("{name} must be Unix seconds or an ISO 8601 time"));
        time.map(Some).ok_or_else(wrong)
    }

    /// An object; forms send it as JSON text.
    pub(super) fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, Failure> {
        let read = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => json::parse(text).unwrap_or_default(),
            Some(value) => value.clone(),
        };
        match read {
            Value::Object(object) => Ok(Some(object)),
            _ => Err(refused(name, format!("{name} must be an object"))),
        }
    }

    /// An object; any other value counts as an empty one.
    pub(super) fn attributes(&self, name: &str) -> Map<String, Value> {
        self.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// A nested object, to be read like the body; an empty one counts as absent.
    pub(super) fn part(&self, name: &str) -> Result<Option<Self>, Failure> {
        Ok(self.object(name)?.filter(|object| !object.is_empty()).map(Self))
    }
}

fn essence(headers: &HeaderMap) -> Option<String> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    Some(media_type.split(';').next().unwrap_or_default().trim().to_lowercase())
}

fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json")
}

fn number(value: &Value) -> PublicId {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number >= 0).map_or(NO_NUMBER, PublicId::new)
}

fn seconds(seconds: f64) -> Option<DateTime<Utc>> {
    const MICROSECONDS: f64 = 1e6;
    let microseconds = (seconds * MICROSECONDS).round();
    let is_exact = microseconds.abs() < i64::MAX as f64;
    is_exact.then(|| Utc.timestamp_micros(microseconds as i64).single()).flatten()
}

/// ISO 8601 with an offset; without one it is taken as UTC.
fn iso(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let with_offset = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    with_offset.or_else(|| text.parse::<chrono::NaiveDateTime>().ok().map(|time| time.and_utc()))
}
