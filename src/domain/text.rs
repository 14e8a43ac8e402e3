use serde::{Deserialize, Serialize};

/// Free text that a person wrote: message bodies, titles, descriptions. Its own type, so that it can be told
/// from identifiers wherever it goes, and so that no log line can show it.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// In Unicode scalar values, as all limits count.
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} characters)", self.length())
    }
}
