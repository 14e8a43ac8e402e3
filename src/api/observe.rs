use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// One span, one log line and one measurement for each request. Never a body, a token or an address.
pub(crate) async fn request(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(unmatched)", |path| path.as_str())
        .to_owned();
    let request_id = request
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let span = tracing::info_span!(
        "request",
        http.method = method,
        http.route = route,
        request.id = request_id
    );
    async {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        tracing::debug!(http.status = status, duration_ms, "answered");
        metrics::histogram!(
            "colloquy_http_seconds",
            "method" => method.clone(), "route" => route.clone(), "status" => status.to_string()
        )
        .record(started.elapsed());
        response
    }
    .instrument(span)
    .await
}
