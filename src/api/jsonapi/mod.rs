//! What JSON:API 1.1 (<https://jsonapi.org/format/1.1/>) prescribes for all resources: media types,
//! documents, includes, sparse fieldsets, sorting, filtering, paging, errors.
//!
//! A dialect declares its resource types ([`Type`]) and, for each endpoint, what its query may
//! contain ([`Offer`](query::Offer)); it creates [`Resource`](document::Resource) values, and loads
//! linked ones.

pub(crate) mod body;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod media;
pub(crate) mod parameters;
pub(crate) mod query;
pub(crate) mod schema;

/// The specification's media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Type {
    /// The value of `type`.
    pub(crate) name: &'static str,
    /// Attributes that a client may set.
    pub(crate) settable: &'static [Attribute],
    /// Attributes that the server derives.
    pub(crate) derived: &'static [Attribute],
    /// Relationships, each with the name of its target's type.
    pub(crate) relationships: &'static [(&'static str, &'static str)],
}

/// An attribute of a resource type.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
    /// Whether it may be null in a response.
    pub(crate) is_nullable: bool,
}

/// The values that an attribute may have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    Id,
    Time,
    /// Up to so many characters.
    Text(usize),
    Boolean,
    /// One of these names.
    Name(&'static [&'static str]),
    /// An empty array.
    Nothing,
}

impl Attribute {
    pub(crate) const fn new(name: &'static str, values: Values) -> Self {
        Self { name, values, is_nullable: false }
    }

    pub(crate) const fn nullable(name: &'static str, values: Values) -> Self {
        Self { name, values, is_nullable: true }
    }
}

impl Type {
    fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.settable.iter().chain(self.derived)
    }

    fn has_field(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
            || self.relationships.iter().any(|(relationship, _)| *relationship == name)
    }
}
