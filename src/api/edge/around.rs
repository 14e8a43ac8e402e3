use std::convert::identity;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower_http::cors::CorsLayer;

use super::dialect::Dialects;
use super::observe::Measurements;
use super::{browsers, in_time, large, observe, position, rendering};
use crate::Services;

/// State of the middleware that wraps every request, on every path.
pub(crate) struct Edge {
    measurements: Measurements,
    dialects: Dialects,
    cors: CorsLayer,
    services: Arc<Services>,
    request_timeout: Duration,
}

impl Edge {
    pub(crate) fn new(
        dialects: Dialects,
        services: Arc<Services>,
        request_timeout: Duration,
    ) -> Self {
        let (measurements, cors) = (Measurements::default(), browsers::cors(dialects));
        Self { measurements, dialects, cors, services, request_timeout }
    }
}

/// The middleware around every handler, as one function: the order is visible in one place, and a
/// request is on the heap once for all of it, whereas layers of the router would each clone the
/// services inside them.
pub(crate) async fn around(
    State(edge): State<Arc<Edge>>,
    request: Request,
    next: Next,
) -> Response {
    let Edge { measurements, dialects, cors, services, request_timeout } = &*edge;
    let (dialects, timeout) = (*dialects, *request_timeout);
    // Innermost first.
    let handled = async |request| next.run(request).await;
    let kept = async |request| large::keep_room(request, handled).await;
    let in_time = async |request| in_time::answer(dialects, services, timeout, request, kept).await;
    let caught = async |request| or_internal_error(in_time(request)).await;
    let url = &services.public_url;
    let rendered = async |request| rendering::failures(dialects, url, request, caught).await;
    let positioned = async |request| position::set_header(request, rendered).await;
    let guarded = async |request| browsers::guard(dialects, cors, request, positioned).await;
    observe::request(measurements, request, guarded).await
}

/// A panicking handler answers 500 and leaves its connection open; the panic itself is logged where
/// it happens.
async fn or_internal_error(answer: impl Future<Output = Response>) -> Response {
    let panicked = |_| StatusCode::INTERNAL_SERVER_ERROR.into_response();
    AssertUnwindSafe(answer).catch_unwind().await.map_or_else(panicked, identity)
}
