use axum::http::{HeaderMap, header};
use domain::Text;
use serde_json::{Map, Value};

use crate::edge::failure::Failure;
use crate::edge::json;

/// A body that is a JSON object.
#[derive(Debug)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Failure> {
        match read(headers, body)? {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(Failure::bad_request("the body must be a JSON object")),
        }
    }

    /// A property's value; `None` if it is absent or null.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the property is present, even as null.
    pub(super) fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A string; `None` if it is absent, null or blank.
    pub(super) fn text(&self, name: &str) -> Result<Option<Text>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str().into())),
            Some(_) => Err(Failure::bad_request(format!("{name} must be a string"))),
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object.clone())),
            Some(_) => Err(Failure::bad_request(format!("{name} must be an object"))),
        }
    }

    /// A nested object, to be read like the body.
    pub(super) fn inner(&self, name: &str) -> Result<Option<Self>, Failure> {
        Ok(self.object(name)?.map(Self))
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let wrong = || Failure::bad_request(format!("{name} must be an array of strings"));
        let Some(value) = self.get(name) else { return Ok(None) };
        let items = value.as_array().ok_or_else(wrong)?;
        let strings = items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong));
        strings.collect::<Result<_, _>>().map(Some)
    }
}

/// A body that is a JSON array.
pub(super) fn read_array(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, Failure> {
    match read(headers, body)? {
        Value::Array(items) => Ok(items),
        _ => Err(Failure::bad_request("the body must be a JSON array")),
    }
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, Failure> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_none_or(is_json) {
        return Err(Failure::bad_request("Content-Type must be application/json"));
    }
    parse(body)
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    essence == "application/json"
        || essence == "text/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads JSON strictly; only if that fails, again with single-quoted names and strings, which the
/// dialect's own page writes.
fn parse(body: &[u8]) -> Result<Value, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Failure::bad_request(format!("the body is not UTF-8: {error}")))?;
    let parsed = json::parse(text).or_else(|strict| match double_quoted(text) {
        Some(text) => json::parse(&text),
        None => Err(strict),
    });
    let value = parsed.map_err(|why| Failure::bad_request(format!("the body {why}")))?;
    if json::has_nul(&value) {
        return Err(Failure::bad_request("the body must not contain U+0000"));
    }
    Ok(value)
}

/// The text with its single-quoted strings in double quotes; `None` if it has no such string.
fn double_quoted(text: &str) -> Option<String> {
    let mut output = String::with_capacity(text.len());
    let mut quote = None;
    let mut found = false;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (None, '\'') => {
                (quote, found) = (Some('\''), true);
                output.push('"');
            }
            (None, '"') => {
                quote = Some('"');
                output.push('"');
            }
            (Some(open), c) if c == open => {
                quote = None;
                output.push('"');
            }
            (Some('\''), '"') => output.push_str("\\\""),
            (Some(open), '\\') => match characters.next() {
                Some('\'') if open == '\'' => output.push('\''),
                Some(escaped) => output.extend(['\\', escaped]),
                None => output.push('\\'),
            },
            (_, c) => output.push(c),
        }
    }
    found.then_some(output)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Option<Value> {
        parse(text.as_bytes()).ok()
    }

    #[test]
    fn single_quotes_are_read_like_double_ones() {
        assert_eq!(
            parsed("{ 'name': 'My chat room', 'members': [1, 4, 14] }"),
            Some(json!({"name": "My chat room", "members": [1, 4, 14]}))
        );
        assert_eq!(parsed(r#"{'a': 'say "hi"'}"#), Some(json!({"a": "say \"hi\""})));
        assert_eq!(
            parsed(r#"{'a': 'it\'s', "b": "it's"}"#),
            Some(json!({"a": "it's", "b": "it's"}))
        );
        assert_eq!(parsed(r#"{'a': 'tab\tnew\u0041'}"#), Some(json!({"a": "tab\tnewA"})));
    }

    #[test]
    fn nothing_else_is_tolerated() {
        for text in ["{a: 1}", "{'a': 1,}", "/* c */ {'a': 1}", "{'a': 1", "{'a': b}", ""] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_broken_body_is_told_with_its_place() {
        let detail = parse(b"{\n  'a' 1 }").unwrap_err().detail.unwrap();
        assert!(detail.contains("expected `:` at line 2 column 7"), "{detail}");
    }
}
