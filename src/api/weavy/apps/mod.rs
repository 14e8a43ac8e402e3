//! A conversation as the place where messages are; what is done with these is in `messages/`.

mod delete;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(delete::delete))
}
