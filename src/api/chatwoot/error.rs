//! Chatwoot has three formats of errors, each of which clients expect in its place: `errors`,
//! `error`, and `message` with `attributes`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::description::schema;
use crate::edge::failure::{ANSWER_TOO_LARGE, Failure, Source};
use crate::edge::rendering::RequestSummary;

/// Code of a value that is refused, in the query or the body.
pub(super) const INVALID: &str = "invalid";
/// Code of a body that is not JSON.
const MALFORMED: &str = "malformed";
/// Code of a missing field.
const MISSING: &str = "missing";

schema! {
    /// An error of this dialect. Its properties depend on what is wrong.
    Error = json!({
        "type": "object",
        "properties": {
            "error": { "type": "string", "description": "What is wrong" },
            "description": {
                "type": "string",
                "description": "Which rule is broken, or all that is wrong",
            },
            "message": {
                "type": "string",
                "description": "Why a value of the body is refused",
            },
            "attributes": {
                "type": "array", "items": { "type": "string" },
                "description": "The fields of the body that are refused",
            },
            "errors": {
                "type": "array",
                "description": "The values of the query that cannot be used; a sentence where \
                                the caller is not signed in",
                "items": {
                    "type": ["object", "string"],
                    "required": ["field", "message", "code"],
                    "properties": {
                        "field": { "type": "string" },
                        "message": { "type": "string" },
                        "code": { "type": "string", "enum": [INVALID, MALFORMED] },
                    },
                },
            },
        },
    })
}

/// An unusable query parameter; `must_be` says what it must be, as in "must be positive".
pub(super) fn bad_parameter(name: &str, must_be: impl Into<String>) -> Failure {
    Failure::bad_request(must_be).at(Source::Parameter(name.to_owned())).coded(INVALID)
}

/// A body that is not JSON.
pub(super) fn malformed(why: impl Into<String>) -> Failure {
    Failure::bad_request(why).coded(MALFORMED)
}

/// A required field of the body is missing.
pub(super) fn missing(field: &str) -> Failure {
    let text = format!("param is missing or the value is empty: {field}");
    refused(field, text).coded(MISSING)
}

/// A value of the body that is refused.
pub(super) fn refused(field: &str, message: impl Into<String>) -> Failure {
    let failure = Failure::new(StatusCode::UNPROCESSABLE_ENTITY, message);
    failure.at(Source::Pointer(format!("/{field}")))
}

/// Adds the field to a refusal of the domain that names none.
pub(super) fn about(field: &'static str) -> impl Fn(Failure) -> Failure {
    move |failure| match failure.source {
        None if failure.status == StatusCode::BAD_REQUEST => {
            failure.at(Source::Pointer(format!("/{field}")))
        }
        _ => failure,
    }
}

/// The parameter or header that is wrong, or `body` if that is not JSON.
fn field(failure: &Failure) -> Option<&str> {
    match &failure.source {
        _ if failure.code == Some(MALFORMED) => Some("body"),
        Some(Source::Parameter(name)) => Some(name),
        Some(Source::Header(name)) => Some(name),
        Some(Source::Pointer(_)) | None => None,
    }
}

pub(super) fn render(failure: &Failure, _: &RequestSummary) -> Response {
    let message = failure.message();
    let (status, body) = match failure.status {
        StatusCode::UNAUTHORIZED if failure.token.is_none() => {
            let text = "You need to sign in or sign up before continuing.";
            (failure.status, json!({ "errors": [text] }))
        }
        StatusCode::UNAUTHORIZED => (failure.status, json!({ "error": "Invalid Access Token" })),
        StatusCode::FORBIDDEN => {
            (failure.status, json!({ "error": "Access denied", "description": message }))
        }
        StatusCode::NOT_FOUND => {
            (failure.status, json!({ "error": "Resource could not be found" }))
        }
        StatusCode::BAD_REQUEST if field(failure).is_some() => (failure.status, unusable(failure)),
        // Refusals of the domain are about values of the body.
        StatusCode::BAD_REQUEST
            if failure.detail.is_some() && failure.code != Some(ANSWER_TOO_LARGE) =>
        {
            (StatusCode::UNPROCESSABLE_ENTITY, refusal(failure))
        }
        StatusCode::UNPROCESSABLE_ENTITY => (failure.status, refusal(failure)),
        status => (status, json!({ "error": message })),
    };
    (status, Json(body)).into_response()
}

/// Lists every unusable value of the query.
fn unusable(failure: &Failure) -> Value {
    let all = || std::iter::once(failure).chain(&failure.others);
    let named = |failure: &Failure| {
        let field = field(failure).unwrap_or_default();
        let code = if failure.code == Some(MALFORMED) { MALFORMED } else { INVALID };
        json!({ "field": field, "message": failure.message(), "code": code })
    };
    let sentence = |failure: &Failure| match (field(failure), &failure.source) {
        (Some(field), Some(Source::Parameter(_))) => format!("{field} {}", failure.message()),
        _ => failure.message(),
    };
    let description = all().map(sentence).collect::<Vec<_>>().join("; ");
    json!({ "description": description, "errors": all().map(named).collect::<Vec<_>>() })
}

/// All unusable values of a body.
fn refusal(failure: &Failure) -> Value {
    let all = || std::iter::once(failure).chain(&failure.others);
    let message = all().map(Failure::message).collect::<Vec<_>>().join(", ");
    match &failure.source {
        Some(Source::Pointer(_)) if failure.code != Some(MISSING) => {
            let attribute = |failure: &Failure| match &failure.source {
                Some(Source::Pointer(at)) => Some(at.trim_start_matches('/').to_owned()),
                _ => None,
            };
            let attributes: Vec<String> = all().filter_map(attribute).collect();
            json!({ "message": message, "attributes": attributes, "error": message })
        }
        Some(_) => json!({ "error": message, "message": message }),
        None => {
            // The domain's texts about limits begin with the field's name.
            let limited = message.split_once(" must ").map(|(field, _)| field);
            let field = limited.filter(|field| !field.contains(' ')).unwrap_or("base");
            json!({ "message": message, "attributes": [field], "error": message })
        }
    }
}
