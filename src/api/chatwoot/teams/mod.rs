//! Teams: groups of agents who support contacts together.

mod create;
mod delete;
mod get;
mod list;
mod settings;
mod update;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list, create::create)).routes(routes!(
        get::get,
        update::update,
        delete::delete
    ))
}
