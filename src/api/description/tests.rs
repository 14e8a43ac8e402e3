use std::collections::BTreeSet;

use serde_json::Value;

use crate::edge::dialect::Dialect;
use crate::{DIALECTS, openapi};

fn documents() -> Vec<Value> {
    let descriptions = openapi();
    let dialects = descriptions.dialects.into_iter().map(|(_, description)| description);
    let all = std::iter::once(descriptions.whole).chain(dialects);
    all.map(|description| serde_json::to_value(description).unwrap()).collect()
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &'_ Value)| {
        let path = path.clone();
        item.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone())).collect()
    };
    let named: Vec<Vec<(String, String)>> = paths.iter().map(of_path).collect();
    let found = named.into_iter().flatten();
    found.map(|(path, method)| (format!("{method} {path}"), &paths[&path][&method])).collect()
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        _ => {}
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_that_begins_with_its_dialect() {
    let descriptions = openapi();
    let mut ids = BTreeSet::new();
    for (dialect, description) in descriptions.dialects {
        let document = serde_json::to_value(description).unwrap();
        for (name, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(id.starts_with(&format!("{dialect}.")), "{name}: {id}");
            assert!(ids.insert(id.clone()), "{name}: {id}");
        }
    }
    let whole = serde_json::to_value(descriptions.whole).unwrap();
    assert_eq!(operations(&whole).len(), ids.len());
}

/// The longer prefix's dialect would answer such a path, or render its failures.
#[test]
fn no_path_of_a_dialect_is_under_a_longer_prefix() {
    let described = openapi().dialects;
    for dialect in DIALECTS.0 {
        let name = dialect.description.name;
        let (_, description) = described.iter().find(|(other, _)| *other == name).unwrap();
        let document = serde_json::to_value(description).unwrap();
        let is_longer = |other: &&Dialect| {
            other.prefix.len() > dialect.prefix.len() && other.prefix.starts_with(dialect.prefix)
        };
        let is_outdone = DIALECTS.0.iter().copied().any(|other| is_longer(&other));
        for path in document["paths"].as_object().unwrap().keys() {
            let owner = DIALECTS.of(path).map(|dialect| dialect.description.name);
            assert_eq!(owner, Some(name), "{path}");
            let rest = path.strip_prefix(dialect.prefix).unwrap();
            let takes_any = is_outdone && rest.starts_with("/{");
            assert!(!takes_any, "{path} takes what a longer prefix begins with");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
    for document in documents() {
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for to in &found {
            assert!(document.pointer(&to[1..]).is_some(), "{to} in {}", document["info"]["title"]);
        }
        for (kind, components) in document["components"].as_object().unwrap() {
            let is_used = |name: &String| found.contains(&*format!("#/components/{kind}/{name}"));
            let unused = components.as_object().unwrap().keys().find(|name| !is_used(name));
            assert!(kind == "securitySchemes" || unused.is_none(), "{kind}/{unused:?}");
        }
    }
}

#[test]
fn every_operation_that_takes_a_token_tells_of_its_errors() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            let schemes = operation["security"].as_array().unwrap();
            if schemes.contains(&serde_json::json!({})) {
                continue;
            }
            let resolved = |answer: &Value| match answer["$ref"].as_str() {
                Some(to) => document.pointer(&to[1..]).unwrap().clone(),
                None => answer.clone(),
            };
            for (status, header) in [
                ("401", "WWW-Authenticate"),
                ("429", "Retry-After"),
                ("500", "X-Request-Id"),
                ("503", "Retry-After"),
            ] {
                let answer = resolved(&operation["responses"][status]);
                assert!(answer["headers"][header].is_object(), "{name} {status}: {answer}");
                assert!(answer["content"].is_object(), "{name} {status}: {answer}");
            }
        }
    }
}

#[test]
fn every_body_is_typed() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            let Some(content) = operation["requestBody"]["content"].as_object() else { continue };
            for (media_type, encoded) in content {
                let to = encoded["schema"]["$ref"]
                    .as_str()
                    .unwrap_or_else(|| panic!("{name}: {encoded}"));
                let schema = document.pointer(&to[1..]).unwrap();
                let is_typed = schema["properties"].is_object() || schema["items"].is_object();
                assert!(is_typed, "{name} {media_type}: {schema}");
            }
        }
    }
}
