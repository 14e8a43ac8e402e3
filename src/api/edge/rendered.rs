use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An object, rendered.
pub(crate) struct Rendered(Vec<u8>);

impl Rendered {
    pub(crate) fn new(object: &impl Serialize) -> Self {
        Self(serde_json::to_vec(object).expect("its maps have strings for keys"))
    }
}

impl IntoResponse for Rendered {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], self.0).into_response()
    }
}
