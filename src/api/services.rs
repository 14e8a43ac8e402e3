use std::sync::Arc;

use event_store::Commands;
use metrics_exporter_prometheus::PrometheusHandle;
use projections::{Revocations, Views};
use sqlx::PgPool;

use crate::edge::fair::Fair;
use crate::edge::seen::Seen;
use crate::edge::token::{Authenticator, Issuer};
use crate::live::Live;

/// What the handlers work with. The router copies it several times for each request, so it is
/// shared by a counted reference.
pub struct Services {
    /// Runs commands.
    pub commands: Commands,
    /// Answers questions.
    pub views: Views,
    /// The database, but for what the views ask.
    pub pool: PgPool,
    /// The connections of the views, to be measured.
    pub queries: PgPool,
    /// Judges access tokens.
    pub authenticator: Authenticator,
    /// Those that were taken back.
    pub revocations: Revocations,
    /// Makes access tokens, unless an identity provider does.
    pub issuer: Option<Issuer>,
    /// For `/readyz`.
    pub readiness: Readiness,
    /// For `/metrics`.
    pub metrics: PrometheusHandle,
    /// What shows that a request for metrics may read all of them, beside an operator's token.
    pub metrics_token: Option<Arc<str>>,
    /// Where callers reach this server, without a slash at the end.
    pub public_url: Arc<str>,
    /// Counts the requests that are under way.
    pub fair: Fair,
    /// Tells what happens.
    pub live: Live,
    /// Users whose newest token has been seen.
    pub seen: Seen,
}

/// Whether commands can be taken, and whether everything that follows them works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All is well.
    Ready,
    /// Commands are taken, but these parts have stopped.
    Degraded(Vec<String>),
    /// No command can be taken, because of this part.
    Unready(String),
}

/// Finds out the condition, and what operators want to know of the parts.
#[derive(Clone)]
pub struct Readiness {
    /// For everybody.
    pub condition: Arc<dyn Fn() -> Condition + Send + Sync>,
    /// For operators: a JSON object.
    pub details: Arc<dyn Fn() -> serde_json::Value + Send + Sync>,
}
