//! Schemas of a JSON:API, derived from its declared resource types.

use serde_json::{Map, Value, json};

use super::{Attribute, Type, Values};

/// Associates a type with the resource type that its schemas describe.
pub(crate) trait Described {
    const TYPE: &'static Type;
}

/// Documents of one resource, of a page of resources, of a resource to be created, and of changes
/// to one.
pub(crate) struct One<T>(std::marker::PhantomData<T>);
pub(crate) struct Page<T>(std::marker::PhantomData<T>);
pub(crate) struct New<T>(std::marker::PhantomData<T>);
/// The document of a deleted resource; empty if the request is repeated.
pub(crate) struct Deleted<T>(std::marker::PhantomData<T>);
pub(crate) struct Change<T>(std::marker::PhantomData<T>);

/// Declares the schemas of a resource type.
macro_rules! documents {
    ($name:ident = $type:expr) => {
        pub(super) struct $name;

        impl $crate::jsonapi::schema::Described for $name {
            const TYPE: &'static $crate::jsonapi::Type = &$type;
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::description::written($crate::jsonapi::schema::resource(&$type))
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use documents;

macro_rules! document {
    ($name:ident, $as:literal, $schema:expr) => {
        impl<T: Described> utoipa::__dev::ComposeSchema for $name<T> {
            fn compose(
                _: Vec<utoipa::openapi::RefOr<utoipa::openapi::Schema>>,
            ) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let schema: fn(&Type) -> Value = $schema;
                crate::description::written(schema(T::TYPE))
            }
        }

        impl<T: Described> utoipa::ToSchema for $name<T> {
            fn name() -> std::borrow::Cow<'static, str> {
                $as.into()
            }
        }
    };
}

document!(One, "Document", |r#type| answer(r#type, &reference(r#type.name), &[]));
document!(Page, "Page", |r#type| {
    let data = json!({ "type": "array", "items": reference(r#type.name) });
    answer(r#type, &data, &["links", "meta"])
});
document!(Deleted, "Deleted", |r#type| {
    let data = json!({ "oneOf": [reference(r#type.name), { "type": "null" }] });
    answer(r#type, &data, &[])
});
document!(New, "Creation", creation);
document!(Change, "Change", |r#type| {
    let id = (
        "id".to_owned(),
        json!({ "type": "string", "format": "uuid", "description": "As in the URL" }),
    );
    request(r#type, &[id])
});

/// A document of a resource to be created.
pub(crate) fn creation(r#type: &Type) -> Value {
    request(r#type, &[])
}

/// For example, `direct_conversation` becomes `DirectConversation`.
pub(super) fn name(type_name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    type_name.split('_').map(capitalized).collect()
}

fn reference(type_name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", name(type_name)) })
}

fn values(attribute: &Attribute) -> Value {
    match attribute.values {
        Values::Id => json!({ "type": "string", "format": "uuid" }),
        Values::Time => json!({ "type": "string", "format": "date-time" }),
        Values::Text(length_max) => json!({ "type": "string", "maxLength": length_max }),
        Values::Boolean => json!({ "type": "boolean" }),
        Values::Name(names) => json!({ "type": "string", "enum": names }),
        Values::Nothing => json!({ "type": "array", "maxItems": 0, "items": { "type": "string" } }),
    }
}

fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(names) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        names.push(Value::Null);
    }
    schema
}

/// A resource in a response. Sparse fieldsets may leave out any or all attributes and
/// relationships.
pub(crate) fn resource(r#type: &Type) -> Value {
    let attributes: Map<String, Value> = r#type
        .attributes()
        .map(|attribute| {
            let schema = values(attribute);
            let schema = if attribute.is_nullable { or_null(schema) } else { schema };
            (attribute.name.to_owned(), schema)
        })
        .collect();
    let relationships: Map<String, Value> = r#type
        .relationships
        .iter()
        .map(|(name, type_name)| {
            let data = json!({
                "type": ["object", "null"],
                "required": ["type", "id"],
                "properties": {
                    "type": { "type": "string", "const": type_name },
                    "id": { "type": "string", "format": "uuid" },
                },
            });
            let linkage =
                json!({ "type": "object", "required": ["data"], "properties": { "data": data } });
            ((*name).to_owned(), linkage)
        })
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": "A resource, with those of its fields that were asked for.",
        "required": ["type", "id", "attributes", "links"],
        "properties": {
            "type": { "type": "string", "const": r#type.name },
            "id": { "type": "string", "format": "uuid" },
            "attributes": {
                "type": "object", "properties": attributes, "additionalProperties": false,
            },
            "links": {
                "type": "object", "required": ["self"],
                "properties": { "self": { "type": "string" } },
            },
        },
    });
    if !relationships.is_empty() {
        schema["properties"]["relationships"] =
            json!({ "type": "object", "properties": relationships, "additionalProperties": false });
    }
    schema
}

fn answer(r#type: &Type, data: &Value, more: &[&str]) -> Value {
    let url = json!({ "type": "string" });
    let page_url = json!({ "type": ["string", "null"] });
    let mut properties = object(json!({
        "jsonapi": version(),
        "data": data,
        "links": {
            "type": "object",
            "required": ["self", "first", "last", "prev", "next"],
            "properties": {
                "self": url, "first": url, "last": url, "prev": page_url, "next": page_url,
            },
        },
        "meta": {
            "type": "object",
            "required": ["total"],
            "properties": { "total": { "type": "integer", "format": "int64", "minimum": 0,
                "description": "Size of the whole collection, as it is filtered" } },
        },
    }));
    properties.retain(|name, _| name == "jsonapi" || name == "data" || more.contains(&&**name));
    let mut required: Vec<&str> = vec!["jsonapi", "data"];
    required.extend(more);
    let schema = json!({ "type": "object", "required": required, "properties": properties });
    with_included(schema, r#type)
}

/// Adds `included`, with the types that the relationships lead to.
fn with_included(mut schema: Value, r#type: &Type) -> Value {
    let mut types: Vec<&str> = r#type.relationships.iter().map(|(_, name)| *name).collect();
    if types.contains(&"chat") {
        types.extend(["message", "chat_bookmark"]);
    }
    types.sort_unstable();
    types.dedup();
    if !types.is_empty() {
        let resources: Vec<Value> = types.into_iter().map(reference).collect();
        schema["properties"]["included"] = json!({
            "type": "array", "items": { "oneOf": resources },
            "description": "Linked resources, when they are asked for",
        });
    }
    schema
}

fn version() -> Value {
    json!({ "type": "object", "required": ["version"],
        "properties": { "version": { "type": "string", "const": "1.1" } } })
}

/// The document of a request: settable attributes are required on creation, and optional in a
/// change.
fn request(r#type: &Type, identity: &[(String, Value)]) -> Value {
    let settable = r#type.settable.iter();
    let attributes: Map<String, Value> =
        settable.map(|attribute| (attribute.name.to_owned(), settable_values(attribute))).collect();
    let is_new = identity.is_empty();
    let is_needed = |attribute: &&Attribute| {
        !matches!(attribute.values, Values::Nothing | Values::Time) && is_new
    };
    let needed: Vec<&str> =
        r#type.settable.iter().filter(is_needed).map(|attribute| attribute.name).collect();
    let mut required = vec!["type"];
    required.extend((!needed.is_empty()).then_some("attributes"));
    let mut data = json!({
        "type": "object",
        "required": required,
        "properties": {
            "type": { "type": "string", "const": r#type.name },
            "attributes": { "type": "object", "required": needed, "properties": attributes },
        },
    });
    object_of(&mut data["properties"]).extend(identity.iter().cloned());
    let settable = r#type.settable.iter();
    let example: Map<String, Value> =
        settable.map(|attribute| (attribute.name.to_owned(), example(attribute))).collect();
    json!({
        "type": "object",
        "required": ["data"],
        "properties": { "data": data },
        "example": { "data": { "type": r#type.name, "attributes": example } },
    })
}

fn example(attribute: &Attribute) -> Value {
    match attribute.values {
        Values::Id => "018f4e2b-0000-7abc-9def-0123456789ab".into(),
        Values::Time => "2026-01-01T00:00:00.000Z".into(),
        Values::Text(_) => "Hello".into(),
        Values::Boolean => true.into(),
        Values::Name(names) => names[0].into(),
        Values::Nothing => json!([]),
    }
}

fn settable_values(attribute: &Attribute) -> Value {
    let mut schema = values(attribute);
    if matches!(attribute.values, Values::Text(_)) {
        schema["minLength"] = 1.into();
        schema["pattern"] = r"\S".into();
    }
    schema
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn object_of(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object, as it was made")
}
