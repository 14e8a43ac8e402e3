use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::{Asked, Failure};

/// Why there is no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Error {
    /// In words.
    error: String,
}

pub(crate) fn shape(failure: &Failure, _: &Asked) -> Response {
    let error = Error { error: failure.message() };
    let mut shaped = (failure.status, Json(error)).into_response();
    if failure.status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer");
        shaped.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    shaped
}
