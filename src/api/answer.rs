use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::incoming::POSITION;

/// An answer, with the log position that it reflects.
pub(crate) struct Answer<T> {
    pub(crate) status: StatusCode,
    pub(crate) position: i64,
    pub(crate) body: T,
}

impl<T> Answer<T> {
    pub(crate) fn ok(position: i64, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let position = [(POSITION, self.position.to_string())];
        (self.status, position, Json(self.body)).into_response()
    }
}

/// An answer without a body: 204.
pub(crate) struct Done {
    pub(crate) position: i64,
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, [(POSITION, self.position.to_string())]).into_response()
    }
}
