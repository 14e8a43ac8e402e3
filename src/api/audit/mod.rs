//! The audit trail of a conversation, for administrators of its account. Every reading is recorded.

mod diff;
mod error;
mod events;
mod request;
mod state;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use error::{Error, shape};

use crate::Services;

pub(crate) fn routes() -> OpenApiRouter<Arc<Services>> {
    OpenApiRouter::new()
        .routes(routes!(events::events))
        .routes(routes!(state::state))
        .routes(routes!(diff::diff))
}
