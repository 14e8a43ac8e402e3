//! The audit trail of a conversation, for administrators of its account. Every reading is recorded.

mod diff;
mod error;
mod events;
mod request;
mod state;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use error::Error;
pub(crate) use error::shape;

use crate::Services;
use crate::description::{self, Dialect, Nulls};

pub(crate) const DESCRIPTION: Dialect = Dialect {
    name: "audit",
    title: "Audit",
    description: "What happened in a conversation, and how it was: for administrators of \
                  its account. Every reading is recorded.",
    prefix: "/audit",
    credentials: &["bearer"],
    takes: &[],
    answers: "application/json",
    error: ("Error", &["application/json"]),
    nulls: Nulls::LeftOut,
    has_nulls_in_queries: false,
    is_for_users: true,
    errors: &[],
    errors_of_bodies: &[],
    parameters: Vec::new,
};

pub(crate) fn routes() -> OpenApiRouter<Arc<Services>> {
    description::router::<_, Error>()
        .routes(routes!(events::events))
        .routes(routes!(state::state))
        .routes(routes!(diff::diff))
}
