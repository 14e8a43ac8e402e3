mod diff;
mod events;
mod state;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(events::events))
        .routes(routes!(state::state))
        .routes(routes!(diff::diff))
}
