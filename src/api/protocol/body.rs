use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use domain::Text;
use serde_json::{Map, Value};

use crate::edge::commands::MEMBERS_MAX;
use crate::edge::failure::Failure;
use crate::edge::{json, multipart};

/// The fields of a body in any encoding. A form's values are strings, or arrays of strings where
/// the name ends in `[]`.
#[derive(Debug, PartialEq)]
pub(super) struct Fields(Map<String, Value>);

/// Parses a value; `None` if it is not of the expected type.
type Parse<T> = fn(&Value) -> Option<T>;

impl Fields {
    pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Failure> {
        let unusable = || {
            Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Type must be application/json, application/x-www-form-urlencoded or \
                 multipart/form-data",
            )
        };
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.ok_or_else(unusable)?;
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        Ok(Self(match essence.as_str() {
            "application/json" => json(&body)?,
            "application/x-www-form-urlencoded" => {
                form(form_urlencoded::parse(&body).map(|(name, value)| (name.into(), value.into())))
            }
            "multipart/form-data" => form(multipart::read(media_type, body).await?.into_iter()),
            _ => return Err(unusable()),
        }))
    }

    /// A value that can be cleared: `None` if absent, `Some(None)` if null or empty.
    fn nullable<T>(
        &self,
        name: &str,
        expected: &str,
        parse: Parse<T>,
    ) -> Result<Option<Option<T>>, Failure> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) if text.is_empty() => Ok(Some(None)),
            Some(value) if json::has_nul(value) => {
                Err(Failure::bad_request(format!("{name} must not contain U+0000")))
            }
            Some(value) => match parse(value) {
                Some(value) => Ok(Some(Some(value))),
                None => Err(Failure::bad_request(format!("{name} must be {expected}"))),
            },
        }
    }

    /// A text that can be cleared.
    pub(super) fn text(&self, name: &str) -> Result<Option<Option<String>>, Failure> {
        self.nullable(name, "a string", |value| value.as_str().map(str::to_owned))
    }

    /// An id, as text, that can be cleared.
    pub(super) fn id(&self, name: &str) -> Result<Option<Option<String>>, Failure> {
        self.nullable(name, "an id", reference)
    }

    /// Seconds since 1970 that can be cleared.
    pub(super) fn time(&self, name: &str) -> Result<Option<Option<i64>>, Failure> {
        self.nullable(name, "a time in seconds since 1970, 0 or greater", |value| {
            let seconds = match value {
                Value::Number(number) => number.as_i64(),
                Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                    text.parse().ok()
                }
                _ => None,
            };
            seconds.filter(|seconds| *seconds >= 0)
        })
    }

    /// `true` or `false`; cannot be cleared.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Failure> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.to_lowercase(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => String::new(),
        };
        match text.as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err(Failure::bad_request(format!("{name} must be true or false"))),
        }
    }

    /// Ids, or objects with an `id`.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let wrong = || Failure::bad_request(format!("{name} must be an array of ids"));
        let items = match self.0.get(name) {
            None => return Ok(None),
            Some(Value::Null) => return Ok(Some(vec![])),
            Some(Value::String(text)) if text.is_empty() => return Ok(Some(vec![])),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong()),
        };
        items
            .iter()
            // A form expresses an empty array as one empty element.
            .filter(|item| item.as_str() != Some(""))
            .map(|item| reference(item.get("id").unwrap_or(item)).ok_or_else(wrong))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The text of a message.
    pub(super) fn message(&self) -> Result<Text, Failure> {
        match self.text("message")?.flatten().filter(|text| !text.trim().is_empty()) {
            None => Err(Failure::bad_request("message must be given, and not be blank")),
            Some(text) => Ok(text.as_str().into()),
        }
    }

    /// Refuses a value that asks for an unsupported feature.
    pub(super) fn must_be_empty(&self, name: &str) -> Result<(), Failure> {
        match self.ids(name) {
            Ok(None) => Ok(()),
            Ok(Some(items)) if items.is_empty() => Ok(()),
            _ => Err(Failure::bad_request(format!("{name} is not offered and must be empty"))),
        }
    }
}

/// An id as text; host systems may send numbers.
fn reference(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The schema of an array of users' ids or uids.
pub(super) fn contacts() -> Value {
    serde_json::json!({ "type": "array", "maxItems": MEMBERS_MAX, "items": { "type": "string" } })
}

fn json(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match json::parse_rounding(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::bad_request("the body must be a JSON object")),
        Err(why) => Err(Failure::bad_request(format!("the body {why}"))),
    }
}

/// If a name is repeated the last value counts, except for arrays.
fn form(pairs: impl Iterator<Item = (String, String)>) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        match name.strip_suffix("[]") {
            None => {
                fields.insert(name, Value::String(value));
            }
            Some(name) => match fields.get_mut(name) {
                Some(Value::Array(items)) => items.push(Value::String(value)),
                _ => {
                    fields.insert(name.to_owned(), Value::Array(vec![Value::String(value)]));
                }
            },
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn read(media_type: &str, body: &str) -> Result<Fields, StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
        let body = Bytes::from(body.to_owned());
        Fields::read(&headers, body).await.map_err(|failure| failure.status)
    }

    #[tokio::test]
    async fn three_encodings_say_the_same() {
        let wanted = Fields(json!({"a": "x y", "b": ["1", "2"]}).as_object().unwrap().clone());
        let multipart = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx y\r\n\
            --B\r\nContent-Disposition: form-data; name=\"b[]\"\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"b[]\"\r\n\r\n2\r\n--B--\r\n";
        for (media_type, body) in [
            ("application/json; charset=utf-8", r#"{"a": "x y", "b": ["1", "2"]}"#),
            ("application/x-www-form-urlencoded", "a=x+y&b[]=1&b[]=2"),
            ("Application/X-WWW-Form-Urlencoded;charset=UTF-8", "a=0&a=x%20y&b%5B%5D=1&b%5B%5D=2"),
            ("multipart/form-data; boundary=B", multipart),
        ] {
            assert_eq!(read(media_type, body).await.as_ref(), Ok(&wanted), "{media_type}");
        }
    }

    #[tokio::test]
    async fn other_types_are_refused_unless_there_is_nothing_to_read() {
        assert_eq!(read("text/plain", "a=1").await, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        assert_eq!(read("text/plain", "").await, Ok(Fields(Map::new())));
        let none = HeaderMap::new();
        assert_eq!(Fields::read(&none, Bytes::new()).await.ok(), Some(Fields(Map::new())));
        let untyped = Fields::read(&none, Bytes::from("a=1")).await.map_err(|f| f.status);
        assert_eq!(untyped, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        for (media_type, body) in [
            ("application/json", "[1]"),
            ("application/json", "{"),
            ("multipart/form-data", "x"),
            ("multipart/form-data; boundary=B", "x"),
        ] {
            assert_eq!(read(media_type, body).await, Err(StatusCode::BAD_REQUEST), "{body}");
        }
    }

    #[test]
    fn values_are_understood_in_either_encoding() {
        let fields = |value: Value| Fields(Map::from_iter([("x".to_owned(), value)]));
        for (value, meant) in [
            (json!(true), Some(true)),
            (json!("TRUE"), Some(true)),
            (json!("1"), Some(true)),
            (json!(0), Some(false)),
            (json!("False"), Some(false)),
            (json!("maybe"), None),
            (json!(2), None),
            (json!(""), None),
            (Value::Null, None),
        ] {
            assert_eq!(fields(value.clone()).boolean("x").ok().flatten(), meant, "{value}");
        }
        for (value, meant) in [
            (json!(7), Some(Some(7))),
            (json!("7"), Some(Some(7))),
            (json!(""), Some(None)),
            (Value::Null, Some(None)),
        ] {
            assert_eq!(fields(value.clone()).time("x").ok().flatten(), meant, "{value}");
        }
        assert!(fields(json!("a\0b")).text("x").is_err());
        for value in [json!(-1), json!("-1"), json!("+1"), json!(1.5), json!("x"), json!(true)] {
            assert!(fields(value.clone()).time("x").is_err(), "{value}");
        }
        let ids = |value: Value| fields(value).ids("x").ok().flatten();
        assert_eq!(ids(json!([{"id": "a"}, "b", 3])).unwrap(), ["a", "b", "3"]);
        assert_eq!(ids(json!([""])), Some(vec![]));
        assert_eq!(ids(json!("a")), None);
    }
}
