//! A conversation as the container of members and messages; the endpoints for these are in
//! `members/` and `messages/`.

mod create;
mod delete;
mod get;
mod init;
mod new;
mod restore;
mod star;
mod subscribe;
mod trash;
mod unstar;
mod unsubscribe;
mod update;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(create::create))
        .routes(routes!(init::init))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(trash::trash))
        .routes(routes!(restore::restore))
        .routes(routes!(star::star, unstar::unstar))
        .routes(routes!(subscribe::subscribe))
        .routes(routes!(unsubscribe::unsubscribe))
}
