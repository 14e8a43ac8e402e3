use std::sync::Arc;

use event_store::Commands;
use metrics_exporter_prometheus::PrometheusHandle;
use projections::{Revocations, Views};
use sqlx::PgPool;

use crate::edge::fair::Fair;
use crate::edge::seen::Seen;
use crate::edge::token::{Authenticator, Issuer};
use crate::live::Live;

/// What handlers use. Shared by reference count: the router clones it several times per request.
pub struct Services {
    /// Runs commands.
    pub commands: Commands,
    /// Runs queries.
    pub views: Views,
    /// Database connections for everything but the views.
    pub pool: PgPool,
    /// The connections of the views, here for their metrics.
    pub queries: PgPool,
    /// Verifies access tokens.
    pub authenticator: Authenticator,
    /// Revoked access tokens.
    pub revocations: Revocations,
    /// Issues access tokens, unless an identity provider does.
    pub issuer: Option<Issuer>,
    /// For `/readyz`.
    pub readiness: Readiness,
    /// For `/metrics`.
    pub metrics: PrometheusHandle,
    /// A bearer token that grants all metrics, beside that of an operator.
    pub metrics_token: Option<Arc<str>>,
    /// The URL at which callers reach this server, without a trailing slash.
    pub public_url: Arc<str>,
    /// Limits concurrent requests.
    pub fair: Fair,
    /// Event streams, typing and presence.
    pub live: Live,
    /// Users whose newest token has been seen.
    pub seen: Seen,
}

/// Whether commands are accepted, and whether all downstream parts work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Everything works.
    Ready,
    /// Commands are accepted, but these parts have stopped.
    Degraded(Vec<String>),
    /// No commands are accepted, because of this part.
    Unready(String),
}

/// Reports the condition, and details for operators.
#[derive(Clone)]
pub struct Readiness {
    /// Public.
    pub condition: Arc<dyn Fn() -> Condition + Send + Sync>,
    /// For operators: a JSON object.
    pub details: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
}
