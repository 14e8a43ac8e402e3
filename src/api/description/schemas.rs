use serde_json::{Map, Value, json};

use super::declared::WRITTEN;
use super::{Common, Nulls, taken};

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
const PATH: &str = "#/components/schemas/";

/// Gives all schemas names with the dialect's prefix, and adds to each what applies to all.
pub(super) fn name(declared: &mut Value, dialect: &Common) {
    unwrap(declared);
    point_to(declared, dialect);
    let schemas = std::mem::take(taken(&mut declared["components"], "schemas"));
    let mut named = Map::new();
    for (name, mut schema) in schemas {
        if let Some(item) = name.strip_prefix("List_") {
            schema["properties"]["data"]["items"] = json!({ "$ref": path(item, dialect) });
        }
        if schema["properties"].is_object() && !is_of_a_request(&schema) {
            describe_nulls(&mut schema, dialect.nulls);
        }
        named.insert(own_name(&name, dialect), schema);
    }
    *taken(&mut declared["components"], "schemas") = named;
    forget_mark(declared);
}

/// For example, `List_Message` of Weavy becomes `WeavyMessageList`.
fn own_name(name: &str, dialect: &Common) -> String {
    match name.split_once('_') {
        Some((generic, of)) => format!("{}{of}{generic}", dialect.title),
        None => format!("{}{name}", dialect.title),
    }
}

pub(super) fn path(name: &str, dialect: &Common) -> String {
    format!("{PATH}{}", own_name(name, dialect))
}

/// Marks a schema that was written out in full: it declares its nulls itself.
const AS_IT_IS: &str = "x-as-it-is";

fn is_of_a_request(schema: &Value) -> bool {
    schema.get(AS_IT_IS).is_some()
}

fn forget_mark(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        members.remove(AS_IT_IS);
    }
    for_each(value, forget_mark);
}

/// Replaces the carriers of schemas that were written out in full by those schemas.
fn unwrap(value: &mut Value) {
    if let Some(written) = value.as_object_mut().and_then(|object| object.remove(WRITTEN)) {
        *value = written;
        value[AS_IT_IS] = true.into();
    }
    for_each(value, unwrap);
}

fn for_each(value: &mut Value, act: impl Fn(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(act),
        Value::Object(members) => members.values_mut().for_each(act),
        _ => {}
    }
}

fn point_to(value: &mut Value, dialect: &Common) {
    if let Some(Value::String(to)) = value.get_mut("$ref")
        && let Some(name) = to.strip_prefix(PATH)
    {
        *to = path(name, dialect);
    }
    for_each(value, |value| point_to(value, dialect));
}

/// If nulls are left out no property is nullable; if they are sent every nullable property is
/// required.
fn describe_nulls(schema: &mut Value, nulls: Nulls) {
    let properties = taken(schema, "properties");
    if nulls == Nulls::LeftOut {
        properties.values_mut().for_each(forget_null);
        return;
    }
    let required = std::mem::take(&mut schema["required"]);
    let is_required =
        |name: &String| required.as_array().is_some_and(|all| all.contains(&json!(name)));
    let is_there = |(name, value): &(&String, &Value)| is_required(name) || may_be_null(value);
    let names = taken(schema, "properties");
    let names: Vec<_> = names.iter().filter(is_there).map(|(name, _)| name.clone()).collect();
    schema["required"] = json!(names);
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |alternative: &Value| alternative["type"] == "null";
    schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")))
        || schema["oneOf"].as_array().is_some_and(|types| types.iter().any(is_null))
}

pub(super) fn forget_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type")
        && let Some(named) = types.as_array_mut()
    {
        named.retain(|name| name != "null");
        if let [only] = &named[..] {
            *types = only.clone();
        }
    }
    if let Some(alternatives) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        alternatives.retain(|alternative| alternative["type"] != "null");
        if let [only] = &alternatives[..] {
            *schema = only.clone();
        }
    }
}

/// Adds form variants of the bodies that operations accept as forms.
pub(super) fn add_forms(schemas: &mut Map<String, Value>, paths: &Map<String, Value>) {
    let operations = paths.values().filter_map(Value::as_object).flat_map(Map::values);
    for operation in operations {
        let form = &operation["requestBody"]["content"][FORM]["schema"]["$ref"];
        let Some(name) = form.as_str().and_then(|form| form.strip_prefix(PATH)) else { continue };
        let Some(json) = name.strip_suffix("Form").and_then(|name| schemas.get(name)) else {
            continue;
        };
        schemas.insert(name.to_owned(), as_form(json));
    }
}

/// The form variant of a body: the names of arrays end in brackets, and empty values replace null.
fn as_form(schema: &Value) -> Value {
    let mut form = schema.clone();
    let renamed = |name: &str| match schema["properties"][name]["type"] == "array" {
        true => format!("{name}[]"),
        false => name.to_owned(),
    };
    let properties = std::mem::take(taken(&mut form, "properties"));
    let renaming = properties.into_iter().map(|(name, mut schema)| {
        forget_null(&mut schema);
        (renamed(&name), schema)
    });
    *taken(&mut form, "properties") = renaming.collect();
    if let Some(required) = schema["required"].as_array() {
        let names = required.iter().filter_map(Value::as_str).map(renamed);
        form["required"] = names.collect::<Vec<_>>().into();
    }
    if let Some(example) = schema["example"].as_object() {
        let fields = example.iter().map(|(name, value)| (renamed(name), value.clone()));
        form["example"] = fields.collect::<Map<_, _>>().into();
    }
    form
}
