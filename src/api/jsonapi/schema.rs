//! Schemas and parameters of a JSON:API, from what is declared of its resources and queries.

use serde_json::{Map, Value, json};

use super::query::{Offer, SIZE_DEFAULT};
use super::{Attribute, Type, Values};

/// A resource type that stands behind schemas.
pub(crate) trait Described {
    const TYPE: &'static Type;
}

/// Documents of one resource, of a page of them, of one that is to be made, and of one that is to be changed.
pub(crate) struct One<T>(std::marker::PhantomData<T>);
pub(crate) struct Page<T>(std::marker::PhantomData<T>);
pub(crate) struct New<T>(std::marker::PhantomData<T>);
/// Of one that is gone; repeated, nothing is left of it.
pub(crate) struct Deleted<T>(std::marker::PhantomData<T>);
pub(crate) struct Change<T>(std::marker::PhantomData<T>);

/// Names the schemas of a resource type.
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

/// A document of a resource that is to be made.
pub(crate) fn creation(r#type: &Type) -> Value {
    request(r#type, &[])
}

/// `direct_conversation` is `DirectConversation`.
fn reference(type_name: &str) -> Value {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    let name: String = type_name.split('_').map(capitalized).collect();
    json!({ "$ref": format!("#/components/schemas/{name}") })
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

/// A resource as it is answered. Sparse fieldsets leave out attributes and relationships, all of them too.
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
            "attributes": { "type": "object", "properties": attributes, "additionalProperties": false },
            "links": { "type": "object", "required": ["self"], "properties": { "self": { "type": "string" } } },
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
            "properties": { "self": url, "first": url, "last": url, "prev": page_url, "next": page_url },
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

/// With what the relationships of the type lead to.
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

/// A document of a request: what is settable has to be given when something is made, and stays when it is left out of a
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
    json!({ "type": "object", "required": ["data"], "properties": { "data": data } })
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

/// Declares the parameters of an endpoint, from what its query is offered.
macro_rules! offered {
    ($offer:expr) => {
        pub(super) struct Parameters;

        impl utoipa::IntoParams for Parameters {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                let described = $crate::jsonapi::schema::parameters(&$offer).into_iter();
                described.map(|one| serde_json::from_value(one).expect("a parameter")).collect()
            }
        }
    };
}
pub(crate) use offered;

pub(crate) fn parameters(offer: &Offer) -> Vec<Value> {
    let list = |name: &str, items: Vec<String>, words: &str| {
        json!({ "name": name, "in": "query", "required": false, "description": words,
            "style": "form", "explode": false,
            "schema": { "type": "array", "items": { "type": "string", "enum": items } } })
    };
    let one = |name: String, schema: Value, words: &str| json!({ "name": name, "in": "query", "required": false, "description": words, "schema": schema });
    let mut parameters = Vec::new();
    if !offer.includes.is_empty() {
        let paths = offer.includes.iter().map(|path| (*path).to_owned()).collect();
        parameters.push(list("include", paths, "Linked resources to send along"));
    }
    if !offer.sorts.is_empty() {
        let orders = offer.sorts.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]);
        parameters.push(list("sort", orders.collect(), "In this order; - before a name descends"));
    }
    for name in offer.own {
        parameters.push(one(
            (*name).to_owned(),
            json!({ "type": "string" }),
            "A part of it, in any case",
        ));
    }
    for name in offer.filters {
        let words = "value, eq:value or in:a,b";
        parameters.push(one(format!("filter[{name}]"), json!({ "type": "string" }), words));
    }
    if offer.paged {
        let from_1 = |default: i64| json!({ "type": "integer", "minimum": 1, "default": default });
        parameters.push(one("page[number]".to_owned(), from_1(1), "Number of the page"));
        let words = "Page size, 1 to 100; more counts as 100";
        parameters.push(one("page[size]".to_owned(), from_1(SIZE_DEFAULT), words));
    }
    parameters
}

/// The parameters that every endpoint offers: which fields of a type to send.
pub(crate) fn fieldsets(types: &[&Type]) -> Vec<(String, Value)> {
    let fields = |r#type: &Type| -> Vec<&str> {
        let attributes = r#type.attributes().map(|attribute| attribute.name);
        attributes.chain(r#type.relationships.iter().map(|(name, _)| *name)).collect()
    };
    types
        .iter()
        .map(|r#type| {
            let name = reference(r#type.name)["$ref"].as_str().map(|path| {
                format!("PulseFields{}", path.rsplit('/').next().unwrap_or_default())
            });
            let parameter = json!({
                "name": format!("fields[{}]", r#type.name), "in": "query",
                "description": "Only these fields of such resources",
                "style": "form", "explode": false,
                "schema": { "type": "array", "items": { "type": "string", "enum": fields(r#type) } },
            });
            (name.unwrap_or_default(), parameter)
        })
        .collect()
}
