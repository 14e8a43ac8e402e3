use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::MEDIA_TYPE;
use super::document::JsonApi;
use crate::edge::failure::{Failure, Source};
use crate::edge::rendering::RequestSummary;

/// An error document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Errors {
    jsonapi: JsonApi,
    errors: Vec<Error>,
}

/// An error object.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// The HTTP status, as a string.
    status: String,
    /// A stable, machine-readable code.
    code: &'static str,
    /// The status's reason phrase.
    title: &'static str,
    /// What is wrong, and what is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Where in the request the error is: one of `pointer`, `parameter` and `header`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Place>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Pointer(String),
    Parameter(String),
    Header(&'static str),
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        Self {
            status: failure.status.as_u16().to_string(),
            code: failure.code.unwrap_or_else(|| code(failure.status)),
            title: failure.status.canonical_reason().unwrap_or("Error"),
            detail: failure.detail.clone(),
            source: failure.source.clone().map(|source| match source {
                Source::Pointer(pointer) => Place::Pointer(pointer),
                Source::Parameter(parameter) => Place::Parameter(parameter),
                Source::Header(header) => Place::Header(header),
            }),
        }
    }
}

fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        406 => "not_acceptable",
        408 => "timeout",
        409 => "conflict",
        413 => "too_large",
        415 => "unsupported_media_type",
        422 => "unprocessable",
        429 => "too_many_requests",
        503 => "unavailable",
        500.. => "internal",
        _ => "error",
    }
}

pub(crate) fn render(failure: &Failure, _: &RequestSummary) -> Response {
    let errors = std::iter::once(failure).chain(&failure.others).map(Error::from).collect();
    let document = Errors { jsonapi: JsonApi::default(), errors };
    let mut response = (failure.status, axum::Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}
