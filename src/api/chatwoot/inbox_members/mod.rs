//! The agents who see the conversations of an inbox.

mod add;
mod change;
mod list;
mod remove;
mod set;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list)).routes(routes!(add::add, set::set, remove::remove))
}
