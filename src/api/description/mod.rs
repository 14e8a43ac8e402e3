//! The API description: what the handlers declare, completed in one pass with what all endpoints of
//! a dialect have in common, and merged under names that are unique across dialects.
//!
//! A dialect describes itself in its `mod.rs` ([`Common`]). An endpoint declares its operation id,
//! its parameters, its body, and those responses that need more than their status.

mod declared;
mod operation;
pub(crate) mod parts;
mod schemas;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) use declared::{router, schema, written};

use crate::edge::dialect::Credentials;

/// What all endpoints of a dialect have in common.
#[derive(Clone, Copy)]
pub(crate) struct Common {
    /// The prefix of its operation ids.
    pub(crate) name: &'static str,
    /// The prefix of its schemas and tags.
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// The media types of request bodies.
    pub(crate) takes: &'static [&'static str],
    /// The media type of successful responses.
    pub(crate) answers: &'static str,
    /// The schema of its errors, and their media types.
    pub(crate) error: (&'static str, &'static [&'static str]),
    pub(crate) nulls: Nulls,
    /// Whether `null` counts as absent in a query, except where a text is expected.
    pub(crate) has_nulls_in_queries: bool,
    /// Whether a query parameter with an empty value counts as absent.
    pub(crate) has_empty_values_in_queries: bool,
    /// Whether all of its endpoints require a user, and refuse a service token with 403.
    pub(crate) is_for_users: bool,
    /// Further error statuses of every endpoint.
    pub(crate) errors: &'static [u16],
    /// Further error statuses of endpoints with a body.
    pub(crate) errors_of_bodies: &'static [u16],
    /// Query parameters of every endpoint, each with its name among the components.
    pub(crate) parameters: fn() -> Vec<(String, Value)>,
}

/// How a response represents a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// The property is left out.
    LeftOut,
    /// It is null.
    Sent,
}

/// An API description, with its sections in document order.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Vec<Value>,
    #[serde(rename = "x-tagGroups")]
    tag_groups: Vec<Value>,
    paths: Map<String, Value>,
    components: BTreeMap<&'static str, Map<String, Value>>,
}

impl Description {
    fn new(title: &str, description: &str) -> Self {
        Self {
            openapi: "3.1.0",
            info: json!({
                "title": title,
                "description": description,
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": "Apache 2.0", "identifier": env!("CARGO_PKG_LICENSE") },
            }),
            servers: json!([{ "url": "/", "description": "This server" }]),
            tags: vec![],
            tag_groups: vec![],
            paths: Map::new(),
            components: BTreeMap::new(),
        }
    }

    /// The description of one dialect's endpoints, under their full paths. Any one of the
    /// credentials suffices; without credentials the endpoints are public.
    pub(crate) fn of(
        dialect: &Common,
        prefix: &str,
        credentials: &[Credentials],
        declared: &utoipa::openapi::OpenApi,
    ) -> Self {
        let mut declared = serde_json::to_value(declared).expect("its maps have strings for keys");
        schemas::name(&mut declared, dialect);
        let title = format!("Colloquy: {}", dialect.title);
        let mut described = Self::new(&title, dialect.description);
        let mut tags = BTreeSet::new();
        for (path, item) in std::mem::take(taken(&mut declared, "paths")) {
            let Value::Object(mut item) = item else { continue };
            for (method, operation) in &mut item {
                let tag = operation::complete(operation, method, dialect, credentials);
                tags.insert(tag);
            }
            described.paths.insert(format!("{prefix}{path}"), item.into());
        }
        let tagged = |tag: &String| json!({ "name": tag, "description": dialect.description });
        described.tags = tags.iter().map(tagged).collect();
        described.tag_groups = vec![json!({ "name": dialect.title, "tags": tags })];
        let mut schemas = std::mem::take(taken(&mut declared["components"], "schemas"));
        schemas::add_forms(&mut schemas, &described.paths);
        described.components.insert("schemas", schemas);
        described.components.insert("securitySchemes", operation::security_schemes(credentials));
        if !credentials.is_empty() {
            described.components.extend(operation::components(dialect));
        }
        described.forget_what_is_not_used();
        described
    }

    /// Drops unused components: a dialect declares more than its endpoints may need.
    fn forget_what_is_not_used(&mut self) {
        loop {
            let text = json!([self.paths, self.components]).to_string();
            let count: usize = self.components.values().map(Map::len).sum();
            for (kind, components) in &mut self.components {
                let is_used =
                    |name: &str| text.contains(&format!("\"#/components/{kind}/{name}\""));
                components.retain(|name, _| *kind == "securitySchemes" || is_used(name));
            }
            if count == self.components.values().map(Map::len).sum::<usize>() {
                return;
            }
        }
    }

    /// The merged description of all dialects.
    pub(crate) fn merge<'a>(parts: impl Iterator<Item = &'a Self>) -> Self {
        let about = "Conversation state: who is in, what is read, pinned, muted, archived, and who \
                     changed it when.";
        let mut whole = Self::new("Colloquy", about);
        for part in parts {
            whole.tags.extend(part.tags.clone());
            whole.tag_groups.extend(part.tag_groups.clone());
            whole.paths.extend(part.paths.clone());
            for (kind, components) in &part.components {
                whole.components.entry(kind).or_default().extend(components.clone());
            }
        }
        whole
    }
}

/// The object under this name, inserted empty if it is missing.
fn taken<'a>(value: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !value[name].is_object() {
        value[name] = json!({});
    }
    value[name].as_object_mut().expect("an object, as it was made")
}
