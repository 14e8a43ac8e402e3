//! The HTTP API: `edge/` for what every request needs, one folder per dialect, one file per
//! endpoint, and `operations/` for operators.
//!
//! A request becomes a command with its context, or a query; a view becomes JSON. Every handler
//! gets a [`Request`](edge::request::Request): the verified caller, the query, the body, and access
//! to commands and views. Running a command waits until the read models show its effect, and the
//! request notes the position that its answer reflects, so handlers need not care about either.
//!
//! Deliberately not here: rules (in the domain) and SQL (in the read models). A new endpoint is a
//! file with its handler in its resource's folder and a line in that folder's `mod.rs`; a new
//! dialect is a folder with a `const DIALECT` and a line in [`DIALECTS`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::disallowed_methods,
        reason = "a test that cannot go on may panic, and is an edge of its own"
    )
)]

mod audit;
mod chatwoot;
mod description;
mod edge;
mod events;
mod jsonapi;
pub mod live;
mod operations;
mod protocol;
mod pulse;
pub mod server;
mod services;
mod weavy;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use tower::{Layer, ServiceBuilder};
use tower_http::normalize_path::NormalizePathLayer;

use edge::around::{Edge, around};
use edge::dialect::{Dialect, Dialects};

pub use description::Description;
pub use edge::fair::Fair;
pub use edge::seen::Seen;
pub use edge::token;
pub use services::{Condition, Readiness, Services};

/// Limits of a single request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body in bytes; beyond it the answer is 413.
    pub body_size_max: usize,
    /// Time to answer a request; beyond it the answer is 503.
    pub request_timeout: Duration,
}

/// All dialects, in the order of the API description.
const DIALECTS: Dialects = Dialects(&[
    &weavy::DIALECT,
    &protocol::DIALECT,
    &pulse::DIALECT,
    &chatwoot::DIALECT,
    &audit::DIALECT,
    &events::DIALECT,
]);

/// The API description, as a whole and by dialect.
pub struct Descriptions {
    /// All endpoints.
    pub whole: Description,
    /// Each dialect by itself, with its name.
    pub dialects: Vec<(&'static str, Description)>,
}

fn described() -> (Router<Arc<Services>>, Descriptions) {
    let (mut routes, mut dialects) = (Router::new(), Vec::new());
    for Dialect { prefix, credentials, description, routes: part, .. } in DIALECTS.0 {
        let (served, declared) = part().split_for_parts();
        let described = Description::of(description, prefix, credentials, &declared);
        dialects.push((description.name, described));
        routes = routes.nest(prefix, served);
    }
    let (served, declared) = operations::routes().split_for_parts();
    let described = Description::of(&operations::DESCRIPTION, "", &[], &declared);
    dialects.push((operations::DESCRIPTION.name, described));
    let whole = Description::merge(dialects.iter().map(|(_, description)| description));
    (routes.merge(served), Descriptions { whole, dialects })
}

/// Generates the API description from the handlers.
pub fn openapi() -> Descriptions {
    described().1
}

/// The router of everything that is served.
pub fn router(services: Services, limits: Limits) -> Router {
    let (routes, descriptions) = described();
    let services = Arc::new(services);
    let edge = Arc::new(Edge::new(DIALECTS, services.clone(), limits.request_timeout));
    let layers = ServiceBuilder::new()
        .layer(axum::middleware::from_fn_with_state(edge, around))
        .layer(DefaultBodyLimit::max(limits.body_size_max));
    let served = routes
        .merge(operations::docs::routes(descriptions))
        .fallback(operations::not_found)
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .layer(layers)
        .with_state(services);
    // Trailing slashes are removed before the routes match the path.
    Router::new().fallback_service(NormalizePathLayer::trim_trailing_slash().layer(served))
}
