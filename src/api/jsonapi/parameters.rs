//! Query parameters of a JSON:API, derived from what its endpoints offer.

use serde_json::{Value, json};

use super::Type;
use super::query::{Offer, SIZE_DEFAULT};
use super::schema::name;

/// Declares the query parameters of an endpoint, derived from its `Offer`.
macro_rules! offered {
    ($offer:expr) => {
        pub(super) struct Parameters;

        impl utoipa::IntoParams for Parameters {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                let described = $crate::jsonapi::parameters::parameters(&$offer).into_iter();
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
    let one = |name: String, schema: Value, words: &str| {
        json!({ "name": name, "in": "query", "required": false, "description": words,
            "schema": schema })
    };
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
        let words = "Page size, 1 to 100 (default 25); more counts as 100";
        parameters.push(one("page[size]".to_owned(), from_1(SIZE_DEFAULT), words));
    }
    parameters
}

/// The parameters that every endpoint of a dialect with this title offers: the fields to send of
/// each type.
pub(crate) fn fieldsets(title: &str, types: &[&Type]) -> Vec<(String, Value)> {
    let fields = |r#type: &Type| -> Vec<&str> {
        let attributes = r#type.attributes().map(|attribute| attribute.name);
        attributes.chain(r#type.relationships.iter().map(|(name, _)| *name)).collect()
    };
    types
        .iter()
        .map(|r#type| {
            let parameter = json!({
                "name": format!("fields[{}]", r#type.name), "in": "query",
                "description": "Only these fields of such resources",
                "style": "form", "explode": false,
                "schema": {
                    "type": "array", "items": { "type": "string", "enum": fields(r#type) },
                },
            });
            (format!("{title}Fields{}", name(r#type.name)), parameter)
        })
        .collect()
}
