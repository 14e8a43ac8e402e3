//! What operators ask: is it alive, is it ready, how is it doing, what can it do.

mod open_metrics;

use std::sync::Arc;

use axum::extract::{Request, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Condition, Services, caller};

pub(crate) fn routes() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// `/openapi.json`, and a page that shows it and needs nothing from elsewhere.
pub(crate) fn description(openapi: utoipa::openapi::OpenApi) -> Router<Arc<Services>> {
    Router::new()
        .route("/openapi.json", get(async move || Json(openapi)))
        .route("/docs", get(async || Html(include_str!("docs.html"))))
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "Operations", security(()),
    responses((status = 200, description = "The process lives")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// It can take commands. With `verbose`, operators read how its parts are: with a service token of account 1.
#[utoipa::path(get, path = "/readyz", tag = "Operations", security((), ("bearer" = [])),
    params(("verbose" = Option<String>, Query, description = "Details as JSON; needs a service token of account 1")),
    responses((status = 200, description = "It can take commands; `degraded: …` names what stands behind them"),
              (status = 403, description = "Details are for operators"),
              (status = 503, description = "It cannot; the body names the failing part")))]
async fn readyz(Extract(services): Extract<Arc<Services>>, request: Request) -> Response {
    let condition = (services.readiness.condition)();
    let query = request.uri().query().unwrap_or_default();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "verbose") {
        return match caller::is_operator(&services, request.headers()).await {
            true => verbose(&services, condition),
            false => (StatusCode::FORBIDDEN, "details need a service token of account 1\n")
                .into_response(),
        };
    }
    match condition {
        Condition::Ready => "ready\n".into_response(),
        Condition::Degraded(parts) => format!("degraded: {}\n", parts.join(", ")).into_response(),
        Condition::Unready(part) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], format!("{part}\n"))
                .into_response()
        }
    }
}

fn verbose(services: &Services, condition: Condition) -> Response {
    let (status, condition, failing) = match condition {
        Condition::Ready => (StatusCode::OK, "ready", vec![]),
        Condition::Degraded(parts) => (StatusCode::OK, "degraded", parts),
        Condition::Unready(part) => (StatusCode::SERVICE_UNAVAILABLE, "not ready", vec![part]),
    };
    let mut details = (services.readiness.details)();
    details["condition"] = json!(condition);
    details["failing"] = json!(failing);
    (status, Json(details)).into_response()
}

/// Measurements, as Prometheus reads them. Those that tell how much all accounts do are for operators: with
/// `COLLOQUY_METRICS_TOKEN`, or a service token of account 1.
#[utoipa::path(get, path = "/metrics", tag = "Operations", security((), ("bearer" = [])),
    responses((status = 200, description = "Prometheus text format; to strangers, what counts nothing")))]
async fn metrics(Extract(services): Extract<Arc<Services>>, request: Request) -> impl IntoResponse {
    for (name, pool) in [("log", &services.pool), ("queries", &services.queries)] {
        metrics::gauge!("colloquy_pool_connections", "pool" => name).set(f64::from(pool.size()));
        metrics::gauge!("colloquy_pool_connections_idle", "pool" => name)
            .set(pool.num_idle() as f64);
    }
    metrics::gauge!("colloquy_append_queue_length")
        .set(services.commands.store().appender().queue_length() as f64);
    let mut text = services.metrics.render();
    if !open_metrics::may_read_all(&services, request.headers()).await {
        text = open_metrics::of(&text);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

pub(crate) async fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "no such path" })))
}
