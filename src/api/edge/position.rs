use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use domain::AccountPosition;

/// The header: how many events of the caller's account an answer reflects.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("colloquy-position");

/// How many events of the account the answer to a request reflects. Travels in the request's
/// extensions and is set by whatever reads or writes on the request's behalf.
#[derive(Debug, Clone)]
pub(crate) struct AnswerPosition(Arc<AtomicI64>);

const UNKNOWN: i64 = -1;

impl AnswerPosition {
    pub(crate) fn set(&self, position: AccountPosition) {
        self.0.store(position.get(), Ordering::Relaxed);
    }
}

/// Sets the header on every answer whose position is known.
pub(crate) async fn set_header(
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let answered = AnswerPosition(Arc::new(AtomicI64::new(UNKNOWN)));
    request.extensions_mut().insert(answered.clone());
    let mut response = next(request).await;
    let position = answered.0.load(Ordering::Relaxed);
    if position != UNKNOWN {
        response.headers_mut().insert(POSITION, HeaderValue::from(position));
    }
    response
}
