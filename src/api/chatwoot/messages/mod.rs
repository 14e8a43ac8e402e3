mod create;
mod delete;
pub(super) mod draft;
mod list;
pub(super) mod posting;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list, create::create)).routes(routes!(delete::delete))
}
