use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::Failure;
use crate::edge::rendering::RequestSummary;

/// Why the request failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// A description of the failure.
    error: String,
}

pub(super) fn render(failure: &Failure, _: &RequestSummary) -> Response {
    let error = Error { error: failure.message() };
    (failure.status, Json(error)).into_response()
}
