use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::Failure;
use crate::edge::rendering::RequestSummary;

/// An error of this dialect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// `invalid_request` when the request has to change, `api_error` when the fault is ours.
    r#type: &'static str,
    /// What is wrong, and what is accepted.
    message: String,
    /// Where to read on.
    documentation_url: String,
}

pub(super) fn render(failure: &Failure, request: &RequestSummary) -> Response {
    let status = failure.status;
    let r#type = if status.is_server_error() { "api_error" } else { "invalid_request" };
    let documentation_url = format!("{}/docs#errors-{}", request.public_url(), r#type);
    let error = Error { r#type, message: failure.message(), documentation_url };
    (status, Json(error)).into_response()
}
