//! The users who support contacts.

mod list;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list))
}
