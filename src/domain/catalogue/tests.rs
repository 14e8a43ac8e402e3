use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::compatible::breaks;
use crate::{
    KNOWN, StoredEvent, audit, contact, contact_claim, contact_link, conversation, inbox,
    participation, team, user,
};

/// The group of subjects that an event is published to.
#[derive(Clone, Copy, PartialEq)]
enum Topic {
    Conversation,
    Directory,
}

/// The schemas of today's events, by `<EventType>.<version>`.
fn schemas() -> BTreeMap<String, (Topic, Value)> {
    let mut all = BTreeMap::new();
    add::<conversation::Event>(Topic::Conversation, &mut all);
    add::<participation::Event>(Topic::Conversation, &mut all);
    add::<audit::Event>(Topic::Conversation, &mut all);
    add::<user::Event>(Topic::Directory, &mut all);
    add::<contact::Event>(Topic::Directory, &mut all);
    add::<contact_claim::Event>(Topic::Directory, &mut all);
    add::<contact_link::Event>(Topic::Directory, &mut all);
    add::<inbox::Event>(Topic::Directory, &mut all);
    add::<team::Event>(Topic::Directory, &mut all);
    all
}

/// One schema for each variant of an event's type.
fn add<E: JsonSchema + StoredEvent>(topic: Topic, all: &mut BTreeMap<String, (Topic, Value)>) {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut whole = settings.into_generator().into_root_schema_for::<E>().to_value();
    let variants = whole["oneOf"].take();
    for variant in variants.as_array().expect("an event is one of several things") {
        let event_type = variant["properties"]["type"]["const"].as_str().expect("its name");
        let examples = examples(event_type);
        for (version, example) in examples {
            // Properties that all variants share stand beside `oneOf`.
            let mut schema = variant.clone();
            for part in ["properties", "required"] {
                merge(&mut schema[part], &whole[part]);
            }
            without_null(&mut schema);
            schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
            schema["$id"] = format!("urn:colloquy:event:{event_type}:{version}").into();
            schema["title"] = event_type.into();
            schema["examples"] = json!([example]);
            all.insert(format!("{event_type}.{version}"), (topic, schema));
        }
    }
}

fn merge(into: &mut Value, other: &Value) {
    match other {
        Value::Object(other) => {
            if into.is_null() {
                *into = json!({});
            }
            let into = into.as_object_mut().expect("both are objects");
            into.extend(other.clone());
        }
        Value::Array(other) => {
            let into = into.as_array_mut().expect("both are arrays");
            into.extend(other.iter().cloned());
        }
        _ => {}
    }
}

/// Removes `null` from a schema: a field that is `None` is omitted, never null.
fn without_null(schema: &mut Value) {
    let null = json!("null");
    match schema {
        Value::Object(object) => {
            object.remove("default");
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| *name != null);
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(any)) = object.get_mut("anyOf") {
                any.retain(|one| one["type"] != null);
                if let [Value::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    for (name, value) in only {
                        object.entry(name).or_insert(value);
                    }
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The golden files of an event, as they are published: by version.
fn examples(event_type: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder().join("golden")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if let Some((named, version)) = name.split_once('.')
            && named == event_type
        {
            let stored = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            found.push((version.to_owned(), published(stored)));
        }
    }
    assert!(!found.is_empty(), "{event_type} has a golden file");
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn published(stored: Value) -> Value {
    let Value::Object(fields) = stored else { return stored };
    let bare = |value: Value| match value {
        Value::Object(mut object) if object.contains_key(KNOWN) => object.remove(KNOWN).unwrap(),
        other => other,
    };
    Value::Object(fields.into_iter().map(|(name, value)| (name, bare(value))).collect())
}

fn asyncapi(schemas: &BTreeMap<String, (Topic, Value)>) -> Value {
    let mut parts: Value = serde_json::from_str(include_str!("frame.json")).unwrap();
    let (mut messages, mut bodies) = (Map::new(), Map::new());
    for (name, (topic, schema)) in schemas {
        let (event_type, version) = name.split_once('.').unwrap();
        let channel = match topic {
            Topic::Conversation => "conversation",
            Topic::Directory => "directory",
        };
        let of_message = json!({"$ref": format!("#/components/messages/{name}")});
        parts["channels"][channel]["messages"][name] = of_message;
        messages.insert(
            name.clone(),
            json!({
                "name": event_type,
                "title": event_type,
                "summary": schema["description"],
                "contentType": "application/json",
                "headers": {"$ref": "#/components/schemas/Headers"},
                "payload": {"$ref": format!("#/components/schemas/{name}")},
                "examples": [{"payload": schema["examples"][0]}],
                "x-event-version": version,
            }),
        );
        let mut body = schema.clone();
        body.as_object_mut().unwrap().remove("$schema");
        bodies.insert(name.clone(), body);
    }
    parts["components"]["messages"] = messages.into();
    for (name, body) in bodies {
        parts["components"]["schemas"][name] = body;
    }
    parts
}

fn written(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

/// Whether to rewrite the committed files.
fn is_update() -> bool {
    std::env::var("UPDATE_CATALOGUE").is_ok()
}

#[test]
fn the_committed_catalogue_is_that_of_the_types_and_breaks_no_consumer() {
    let schemas = schemas();
    let folder = folder().join("catalogue");
    let committed = fs::read_dir(folder.join("events")).into_iter().flatten();
    let committed = committed.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = schemas.keys().map(|name| format!("{name}.json")).collect();
    // A released schema stays for ever: any consumer may still rely on it.
    for released in committed {
        assert!(names.contains(&released), "{released} is not among today's events");
    }
    for (name, (_, schema)) in &schemas {
        let path = folder.join("events").join(format!("{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        if let Ok(released) = serde_json::from_str(&text) {
            let broken = breaks(&released, schema);
            assert!(broken.is_empty(), "{name}: {broken:?}: make it a new version of the event");
        }
        if is_update() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, written(schema)).unwrap();
        } else {
            assert_eq!(text, written(schema), "{name}: run with UPDATE_CATALOGUE=1");
        }
    }
    let described = written(&asyncapi(&schemas));
    if is_update() {
        fs::write(folder.join("asyncapi.json"), described).unwrap();
    } else {
        assert_eq!(super::ASYNCAPI, described, "run with UPDATE_CATALOGUE=1");
    }
}
