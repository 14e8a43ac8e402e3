//! Contacts, and their links to inboxes.

mod contact_inboxes;
mod conversations;
mod create;
mod get;
mod list;
mod page;
mod place;
mod profile;
mod search;
mod shown;
mod update;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(search::search))
        .routes(routes!(get::get, update::update))
        .routes(routes!(conversations::conversations))
        .routes(routes!(contact_inboxes::contact_inboxes))
}
