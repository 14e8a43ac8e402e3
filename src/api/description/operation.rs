use serde_json::{Map, Value, json};

use super::Common;
use super::schemas;
use super::taken;
use crate::edge::dialect::Credentials;

/// Error statuses of every endpoint with access tokens.
const ALWAYS: &[u16] = &[400, 401, 408, 429, 500, 503];

/// Completes a declared operation with what its whole dialect has in common; returns its tag.
pub(super) fn complete(
    operation: &mut Value,
    method: &str,
    dialect: &Common,
    credentials: &[Credentials],
) -> String {
    let mut id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    // An endpoint with several methods has an id without the action; the method completes the id of
    // each operation.
    if id.split('.').count() == 2 {
        id = format!("{id}.{method}");
        operation["operationId"] = json!(id);
    }
    let resource = id.split('.').nth(1).unwrap_or_default().replace('_', " ");
    let tag = format!("{}: {resource}", dialect.title);
    operation["tags"] = json!([tag]);
    let is_query = method == "get";
    encode_body(operation, dialect);
    name_answers(operation, dialect);
    if credentials.is_empty() {
        return tag;
    }
    let any_of = credentials.iter().map(|accepted| json!({ accepted.scheme(): [] }));
    operation["security"] = any_of.collect();
    complete_parameters(operation, is_query, dialect);
    complete_answers(operation, is_query, dialect);
    tag
}

fn complete_parameters(operation: &mut Value, is_query: bool, dialect: &Common) {
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    let Some(parameters) = operation["parameters"].as_array_mut() else { return };
    for parameter in parameters.iter_mut() {
        schemas::forget_null(&mut parameter["schema"]);
        let is_of_query = parameter["in"] == "query";
        if is_of_query && dialect.has_empty_values_in_queries && parameter["required"] != true {
            parameter["allowEmptyValue"] = true.into();
        }
        let may_be_null = is_of_query && dialect.has_nulls_in_queries;
        let values = &mut parameter["schema"]["type"];
        if may_be_null && values != "string" {
            *values = json!([values, "null"]);
        }
    }
    let own = if is_query { "ColloquyPosition" } else { "IdempotencyKey" };
    let of_dialect = (dialect.parameters)().into_iter().map(|(name, _)| name);
    for name in of_dialect.chain([own.to_owned(), "XRequestId".to_owned()]) {
        parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
    }
}

/// Offers a body in every media type that the dialect accepts.
fn encode_body(operation: &mut Value, dialect: &Common) {
    if operation.get("requestBody").is_none() {
        return;
    }
    let content = std::mem::take(taken(&mut operation["requestBody"], "content"));
    // An operation that declares several media types keeps them.
    if content.len() > 1 {
        operation["requestBody"]["content"] = content.into();
        return;
    }
    let Some(mut declared) = content.into_values().next() else { return };
    schemas::forget_null(&mut declared["schema"]);
    for media_type in dialect.takes {
        let mut encoded = declared.clone();
        if media_type.contains("form")
            && let Some(to) = encoded["schema"]["$ref"].as_str()
        {
            encoded = json!({ "schema": { "$ref": format!("{to}Form") } });
        }
        operation["requestBody"]["content"][*media_type] = encoded;
    }
}

/// Declares successful responses with the dialect's media type.
fn name_answers(operation: &mut Value, dialect: &Common) {
    for answer in taken(operation, "responses").values_mut() {
        if let Some(content) = answer.get_mut("content").and_then(Value::as_object_mut)
            && let Some(declared) = content.remove("application/json")
        {
            content.insert(dialect.answers.to_owned(), declared);
        }
    }
}

fn complete_answers(operation: &mut Value, is_query: bool, dialect: &Common) {
    let has_body = operation.get("requestBody").is_some();
    let names_something = operation["parameters"]
        .as_array()
        .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["in"] == "path"));
    let path = |status| format!("#/components/responses/{}{}", dialect.title, reason(status).0);
    let answers = taken(operation, "responses");
    for (status, answer) in answers.iter_mut() {
        if status.starts_with('2') {
            answer["headers"] = headers(status.parse().unwrap_or_default(), dialect);
        } else {
            let words = answer["description"].take();
            *answer =
                json!({ "$ref": path(status.parse().unwrap_or_default()), "description": words });
        }
    }
    let mut possible: Vec<u16> = [ALWAYS, dialect.errors].concat();
    possible.extend(dialect.is_for_users.then_some(403));
    possible.extend(names_something.then_some(404));
    if !is_query {
        possible.extend([413, 422]);
        let done = json!({
            "description": "It is done, now or when the request came first, and what it changed \
                            is not the caller's to see any more",
            "headers": headers(204, dialect),
        });
        answers.entry("204").or_insert(done);
    }
    possible.extend(dialect.errors_of_bodies.iter().filter(|_| has_body));
    for status in possible {
        answers.entry(status.to_string()).or_insert_with(|| json!({ "$ref": path(status) }));
    }
}

/// The name of an error response, and its description unless the endpoint has one.
fn reason(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("BadRequest", "A parameter, a header or the body cannot be used"),
        401 => ("Unauthorized", "No access token, or one that is not taken"),
        403 => ("Forbidden", "The caller may not do this; a service token speaks for no user"),
        404 => ("NotFound", "Unknown, or not the caller's to see"),
        406 => ("NotAcceptable", "The JSON:API media type is accepted only with parameters"),
        408 => ("RequestTimeout", "The request did not arrive in time"),
        409 => ("Conflict", "Another type or id than the URL's"),
        413 => ("ContentTooLarge", "The body is too large"),
        415 => ("UnsupportedMediaType", "A body of another media type"),
        422 => (
            "UnprocessableContent",
            "A value cannot be used, or the Idempotency-Key was used for another request",
        ),
        429 => ("TooManyRequests", "Too many requests of the user or account are under way"),
        503 => ("ServiceUnavailable", "Not now: try again after the seconds in Retry-After"),
        _ => ("InternalServerError", "The fault is this server's"),
    }
}

fn error(status: u16, description: &Value, dialect: &Common) -> Value {
    let (schema, media_types) = dialect.error;
    let schema = json!({ "schema": { "$ref": schemas::path(schema, dialect) } });
    let content: Map<String, Value> =
        media_types.iter().map(|media_type| ((*media_type).to_owned(), schema.clone())).collect();
    json!({ "description": description, "headers": headers(status, dialect), "content": content })
}

fn headers(status: u16, dialect: &Common) -> Value {
    let own = match status {
        201 if dialect.answers == crate::jsonapi::MEDIA_TYPE => "Location",
        200..300 => "",
        401 => "WwwAuthenticate",
        429 | 503 => "RetryAfter",
        _ => "",
    };
    let name = |header| match header {
        "XRequestId" => "X-Request-Id",
        "ColloquyPosition" => "Colloquy-Position",
        "WwwAuthenticate" => "WWW-Authenticate",
        "RetryAfter" => "Retry-After",
        other => other,
    };
    let reflects = if status < 300 { "ColloquyPosition" } else { "" };
    let all = ["XRequestId", reflects, own].into_iter().filter(|header| !header.is_empty());
    all.map(|header| {
        (name(header).to_owned(), json!({ "$ref": format!("#/components/headers/{header}") }))
    })
    .collect::<Map<_, _>>()
    .into()
}

/// The components that the operations of a dialect refer to.
pub(super) fn components(dialect: &Common) -> [(&'static str, Map<String, Value>); 3] {
    let mut statuses: Vec<u16> = [ALWAYS, dialect.errors, &[403, 404, 413, 422]].concat();
    statuses.extend(dialect.errors_of_bodies);
    let responses = statuses.into_iter().map(|status| {
        let (name, words) = reason(status);
        (format!("{}{name}", dialect.title), error(status, &words.into(), dialect))
    });
    [
        ("responses", responses.collect()),
        ("parameters", parameters().into_iter().chain((dialect.parameters)()).collect()),
        ("headers", response_headers()),
    ]
}

/// The security schemes of the accepted credentials.
pub(super) fn security_schemes(credentials: &[Credentials]) -> Map<String, Value> {
    let described = |accepted: &Credentials| match accepted {
        Credentials::Bearer => json!({
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token",
        }),
        Credentials::Basic => json!({
            "type": "http", "scheme": "basic",
            "description": "The password is the access token; the user name is not looked at",
        }),
        Credentials::Header(name) => json!({
            "type": "apiKey", "in": "header", "name": name,
            "description": "An access token; it counts also beside another one in Authorization",
        }),
    };
    // Operators use a bearer token, whatever the dialect.
    let all = [&[Credentials::Bearer], credentials].concat();
    all.iter().map(|accepted| (accepted.scheme().to_owned(), described(accepted))).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn parameters() -> Map<String, Value> {
    let own = |name: &str, text: &str, schema: Value| {
        let place = "header";
        json!({ "name": name, "in": place, "description": text, "schema": schema })
    };
    object(json!({
        "IdempotencyKey": own(
            "Idempotency-Key",
            "The same key, caller and request do nothing again, and are answered with the same \
             thing as it is now, or with 204 if the caller may no longer see it; another request \
             with the same key is refused",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ),
        "XRequestId": own(
            "X-Request-Id",
            "A name for the request, kept with every event that it causes and sent back; up to 128 \
             printable ASCII characters, or one is made",
            json!({ "type": "string" }),
        ),
        "ColloquyPosition": own(
            "Colloquy-Position",
            "The answer reflects at least so many events of the caller's account, as of an earlier \
             answer",
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        ),
    }))
}

fn response_headers() -> Map<String, Value> {
    let own =
        |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    let text = json!({ "type": "string" });
    object(json!({
        "XRequestId": own(
            "The request's id, in the log and in every event that it caused",
            text.clone(),
        ),
        "ColloquyPosition": own(
            "How many events of the caller's account the answer reflects",
            json!({ "type": "integer", "format": "int64", "minimum": 0 }),
        ),
        "RetryAfter": own(
            "Seconds to wait before the request is sent again",
            json!({ "type": "integer", "minimum": 0 }),
        ),
        "WwwAuthenticate": own(
            "A scheme that is taken, with what was wrong with the token; one header for each \
             scheme",
            text.clone(),
        ),
        "Location": own("The resource's path", text),
    }))
}
