//! The agents in a team.

mod add;
mod change;
mod list;
mod remove;
mod set;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list, add::add, set::set, remove::remove))
}
