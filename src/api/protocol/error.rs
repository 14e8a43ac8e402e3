use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use crate::description::written;
use crate::edge::failure::Failure;
use crate::edge::rendering::RequestSummary;

/// An error of this dialect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    #[schema(schema_with = types)]
    r#type: &'static str,
    /// What is wrong, and what is accepted.
    message: String,
    /// The URL of the documentation.
    documentation_url: String,
}

const INVALID_REQUEST: &str = "invalid_request";
const API_ERROR: &str = "api_error";

fn types() -> RefOr<Schema> {
    written(json!({
        "type": "string",
        "enum": [INVALID_REQUEST, API_ERROR],
        "description": "`invalid_request` when the request has to change, `api_error` when the \
                        fault is ours",
    }))
}

pub(super) fn render(failure: &Failure, request: &RequestSummary) -> Response {
    let status = failure.status;
    let r#type = if status.is_server_error() { API_ERROR } else { INVALID_REQUEST };
    let documentation_url = format!("{}/docs#errors-{}", request.public_url(), r#type);
    let error = Error { r#type, message: failure.message(), documentation_url };
    (status, Json(error)).into_response()
}
