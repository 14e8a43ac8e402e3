use std::fmt;
use std::marker::PhantomData;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// User-written text and personal data: message bodies, titles, tags, names. A type of its own, so
/// that it cannot be mistaken for an identifier, so that no log line can show it, and so that the
/// event store can encrypt it.
///
/// As JSON it is an object with one key: [`KNOWN`] with the value, in memory only; [`SEALED`] with
/// the ciphertext, in the log; [`REDACTED`] or any other key if the encryption key is gone. A
/// private value is at the top level of an event, never inside another value: the event store
/// refuses it there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Private<T> {
    /// The value is readable.
    Known(T),
    /// The value was erased, or is encrypted with a key that is not available.
    Redacted,
}

/// The JSON key of a readable value.
pub const KNOWN: &str = "$private";
/// The JSON key of an encrypted value.
pub const SEALED: &str = "$sealed";
/// The JSON key of an erased value.
pub const REDACTED: &str = "$redacted";

/// Free text.
pub type Text = Private<String>;

impl<T> Private<T> {
    /// The value, unless it was erased.
    pub fn reveal(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Redacted => None,
        }
    }
}

impl Text {
    /// The text itself; empty when it was erased.
    pub fn as_str(&self) -> &str {
        self.reveal().map_or("", String::as_str)
    }

    /// Whether it is empty, erased or only white space.
    pub fn is_blank(&self) -> bool {
        self.as_str().trim().is_empty()
    }

    /// The length in Unicode scalar values, the unit of all limits on text.
    pub fn length(&self) -> usize {
        self.as_str().chars().count()
    }
}

impl<T> Private<Vec<T>> {
    /// The items; empty if they were erased.
    pub fn as_slice(&self) -> &[T] {
        self.reveal().map_or(&[], Vec::as_slice)
    }

    /// Whether it is readable and has no items.
    pub fn is_empty(&self) -> bool {
        self.reveal().is_some_and(Vec::is_empty)
    }
}

impl<T: Default> Default for Private<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known(_) => "Private",
            Self::Redacted => "Redacted",
        })
    }
}

impl<T: Serialize> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Known(value) => map.serialize_entry(KNOWN, value)?,
            Self::Redacted => map.serialize_entry(REDACTED, &true)?,
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PrivateVisitor(PhantomData))
    }
}

struct PrivateVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PrivateVisitor<T> {
    type Value = Private<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the key {KNOWN}, {SEALED} or {REDACTED}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Private<T>, A::Error> {
        let mut value = Private::Redacted;
        while let Some(key) = map.next_key::<String>()? {
            if key == KNOWN {
                value = Private::Known(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(value)
    }
}

/// The schema of the published form: the value itself, or a word in its place.
#[cfg(test)]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Private<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Private_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let known = generator.subschema_for::<T>();
        schemars::json_schema!({
            "anyOf": [known, { "enum": ["[erased]", "[sealed]", "[unreadable]"] }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_output_shows_it() {
        assert_eq!(format!("{:?}", Text::from("a secret")), "Private");
    }

    #[test]
    fn without_its_key_it_is_redacted_and_no_error() {
        let read = |json: &str| serde_json::from_str::<Text>(json).unwrap();
        assert_eq!(read(r#"{"$private":"hi"}"#), Text::from("hi"));
        assert_eq!(read(r#"{"$sealed":"bm8="}"#), Private::Redacted);
        assert_eq!(read(r#"{"$redacted":true}"#), Private::Redacted);
        assert_eq!(Private::<String>::Redacted.as_str(), "");
    }
}
