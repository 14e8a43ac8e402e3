mod badge;
mod create;
mod get;
mod list;
mod mark;
mod pin;
mod unmark;
mod unpin;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(badge::badge))
        .routes(routes!(get::get))
        .routes(routes!(mark::mark, unmark::unmark))
        .routes(routes!(pin::pin, unpin::unpin))
}
