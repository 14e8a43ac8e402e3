//! What JSON:API 1.1 (<https://jsonapi.org/format/1.1/>) prescribes for every resource alike: media types, documents, includes, sparse
//! fieldsets, sorting, filtering, paging, errors.
//!
//! A dialect declares its resource types ([`Type`]) and, for each endpoint, what its query may say
//! ([`Offer`](query::Offer)); it makes [`Resource`]s, and loads those that are linked.

pub(crate) mod body;
pub(crate) mod document;
pub(crate) mod error;
pub(crate) mod media;
pub(crate) mod query;

/// The specification's media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.api+json";

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Type {
    /// As `type` names it.
    pub(crate) name: &'static str,
    /// Attributes that a client may set.
    pub(crate) settable: &'static [&'static str],
    /// Attributes that follow from others.
    pub(crate) derived: &'static [&'static str],
    /// Relationships, each with the name of the type at its end.
    pub(crate) relationships: &'static [(&'static str, &'static str)],
}

impl Type {
    fn has_field(&self, name: &str) -> bool {
        self.settable.contains(&name)
            || self.derived.contains(&name)
            || self.relationships.iter().any(|(relationship, _)| *relationship == name)
    }
}
