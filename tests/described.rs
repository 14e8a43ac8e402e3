//! Checks the answers that the tests get against the API description.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::Answer;

struct Described {
    document: Value,
    /// Each schema, compiled when its first answer comes.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

static DESCRIBED: LazyLock<Described> = LazyLock::new(|| Described {
    document: serde_json::from_str(include_str!("../docs/openapi.json")).unwrap(),
    validators: Mutex::default(),
});

#[test]
#[should_panic(expected = "is not as described")]
fn an_answer_that_is_not_as_described_is_found() {
    let headers = [("x-request-id", "1"), ("content-type", "application/json")];
    let headers =
        headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    let body = json!({ "private": 1, "rooms": "2", "chat": 3 });
    let answer = Answer { status: StatusCode::OK, headers: headers.into_iter().collect(), body };
    check(&Method::GET, "/api/conversations/badge", &answer);
}

/// Fails if an answer of a described operation is not as described.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let Some((template, operation)) = DESCRIBED.operation(method, path) else { return };
    let status = answer.status.as_u16();
    let name = format!("{method} {template} {status}");
    let response = DESCRIBED.resolve(&operation["responses"][status.to_string()]);
    assert!(response.is_object(), "{name} is not described: {}", answer.body);
    for (header, _) in response["headers"].as_object().into_iter().flatten() {
        // The position is not known before the caller is authenticated.
        let is_there = answer.headers.contains_key(header) || header == "Colloquy-Position";
        assert!(is_there, "{name} is without the header {header}: {:?}", answer.headers);
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.body, "", "{name} is described without a body");
        return;
    };
    let media_type = answer.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let schema = content.get(essence).map(|content| &content["schema"]);
    let schema = schema.unwrap_or_else(|| panic!("{name} is described, but not as {essence}"));
    let errors: Vec<String> = DESCRIBED
        .validator(schema)
        .iter_errors(&answer.body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name} is not as described: {errors:#?}\n{:#}", answer.body);
}

impl Described {
    /// The operation that a path belongs to, and its template; one without parameters comes first.
    fn operation(&self, method: &Method, path: &str) -> Option<(&str, &Value)> {
        let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let matches = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            let fits = |(given, wanted): (&&str, &&str)| given == wanted || wanted.starts_with('{');
            template.len() == path.len() && path.iter().zip(&template).all(fits)
        };
        let templates = self.document["paths"].as_object()?.iter();
        let (template, item) = templates
            .filter(|(template, _)| matches(template))
            .min_by_key(|(template, _)| template.matches('{').count())?;
        Some((template, item.get(method.as_str().to_lowercase())?))
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(to) => self.document.pointer(&to[1..]).unwrap(),
            None => value,
        }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let compile = || {
            let mut schema = schema.clone();
            schema["components"] = json!({ "schemas": self.document["components"]["schemas"] });
            let options = jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .should_validate_formats(true);
            Arc::new(options.build(&schema).unwrap())
        };
        let mut validators = self.validators.lock().unwrap();
        validators.entry(schema.to_string()).or_insert_with(compile).clone()
    }
}
