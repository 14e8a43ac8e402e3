mod assign;
mod create;
mod custom_attributes;
mod delete;
mod filter;
mod get;
mod link;
mod list;
mod meta;
mod mute;
mod opening;
mod toggle_priority;
mod toggle_status;
mod unmute;
mod unread;
mod update;
mod update_last_seen;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(meta::meta))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(toggle_status::toggle_status))
        .routes(routes!(toggle_priority::toggle_priority))
        .routes(routes!(assign::assign))
        .routes(routes!(mute::mute))
        .routes(routes!(unmute::unmute))
        .routes(routes!(custom_attributes::set))
        .routes(routes!(update_last_seen::update_last_seen))
        .routes(routes!(unread::unread))
}
