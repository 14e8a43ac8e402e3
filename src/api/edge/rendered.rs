use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Initial capacity in bytes: enough for most objects; the buffer of a page grows a few times.
const LENGTH: usize = 2048;

/// An object, serialised to JSON.
pub(crate) struct Rendered(Vec<u8>);

impl Rendered {
    pub(crate) fn new(object: &impl Serialize) -> Self {
        let mut json = Vec::with_capacity(LENGTH);
        serde_json::to_writer(&mut json, object).expect("its maps have strings for keys");
        Self(json)
    }
}

impl IntoResponse for Rendered {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], self.0).into_response()
    }
}
