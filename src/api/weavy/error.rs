use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::Failure;
use crate::edge::rendering::RequestSummary;

/// An error, as problem details (RFC 7807).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The section of the specification that defines the status.
    r#type: &'static str,
    /// The status's reason phrase.
    title: &'static str,
    status: u16,
    /// Details beyond the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The path of the request.
    instance: String,
}

pub(super) fn render(failure: &Failure, request: &RequestSummary) -> Response {
    let status = failure.status;
    let problem = Problem {
        r#type: match status.as_u16() {
            401 => "https://tools.ietf.org/html/rfc7235#section-3.1",
            403 => "https://tools.ietf.org/html/rfc7231#section-6.5.3",
            404 => "https://tools.ietf.org/html/rfc7231#section-6.5.4",
            405 => "https://tools.ietf.org/html/rfc7231#section-6.5.5",
            408 => "https://tools.ietf.org/html/rfc7231#section-6.5.7",
            413 => "https://tools.ietf.org/html/rfc7231#section-6.5.11",
            422 => "https://tools.ietf.org/html/rfc4918#section-11.2",
            429 => "https://tools.ietf.org/html/rfc6585#section-4",
            503 => "https://tools.ietf.org/html/rfc7231#section-6.6.4",
            500.. => "https://tools.ietf.org/html/rfc7231#section-6.6.1",
            _ => "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        },
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: failure.detail.clone(),
        instance: request.path().to_owned(),
    };
    let mut response = (status, Json(problem)).into_response();
    if request.accepts("application/problem+json") {
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    }
    response
}
