//! Endpoints for operators: liveness, readiness, metrics, state, and the API description.

pub(crate) mod docs;
mod open_metrics;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa_axum::routes;

use crate::description::{Common, Nulls};
use crate::edge::caller;
use crate::edge::dialect::Routes;
use crate::{Condition, Services};

pub(crate) const DESCRIPTION: Common = Common {
    name: "operations",
    title: "Operations",
    description: "How the server is.",
    takes: &[],
    answers: "application/json",
    error: ("", &[]),
    nulls: Nulls::LeftOut,
    has_nulls_in_queries: false,
    has_empty_values_in_queries: false,
    is_for_users: false,
    errors: &[],
    errors_of_bodies: &[],
    parameters: Vec::new,
};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(projections_status))
}

/// Check that the process is alive.
#[utoipa::path(get, path = "/healthz",
    operation_id = "operations.server.healthz", security(()),
    responses((status = 200, description = "The process lives", body = String)))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Check that commands are accepted. With `verbose`, operators (with a service token of account 1)
/// get the state of all parts.
#[utoipa::path(get, path = "/readyz",
    operation_id = "operations.server.readyz", security((), ("bearer" = [])),
    params(("verbose" = Option<String>, Query,
            description = "Details as JSON; needs a service token of account 1")),
    responses((status = 200,
               description = "It can take commands; `degraded: …` names the parts that have \
                              stopped",
               content((String = "text/plain"), (serde_json::Value = "application/json"))),
              (status = 403, description = "Details are for operators", body = String),
              (status = 503, description = "It cannot; the body names the failing part",
               content((String = "text/plain"), (serde_json::Value = "application/json")))))]
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

/// Show the position of each copy of each read model, who writes it, and why it has stopped: with a
/// service token of account 1.
#[utoipa::path(get, path = "/projections",
    operation_id = "operations.server.projections", security((), ("bearer" = [])),
    responses((status = 200, description = "One object for each copy of a read model",
               body = Vec<serde_json::Value>),
              (status = 403, description = "It is for operators", body = String),
              (status = 503, description = "PostgreSQL cannot be asked", body = String)))]
async fn projections_status(
    Extract(services): Extract<Arc<Services>>,
    request: Request,
) -> Response {
    if !caller::is_operator(&services, request.headers()).await {
        return (StatusCode::FORBIDDEN, "it needs a service token of account 1\n").into_response();
    }
    match projections::Report::all(&services.pool).await {
        Ok(reports) => Json(reports).into_response(),
        Err(error) => {
            tracing::warn!(
                error = event_store::causes(&error),
                "the state of the read models is unknown"
            );
            (StatusCode::SERVICE_UNAVAILABLE, "PostgreSQL cannot be asked\n").into_response()
        }
    }
}

/// Metrics in Prometheus format. Those that reveal the activity of all accounts are for operators:
/// with `COLLOQUY_METRICS_TOKEN`, or a service token of account 1.
#[utoipa::path(get, path = "/metrics",
    operation_id = "operations.server.metrics", security((), ("bearer" = [])),
    responses((status = 200,
               description = "Prometheus text format; to strangers, what counts nothing",
               body = String)))]
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
