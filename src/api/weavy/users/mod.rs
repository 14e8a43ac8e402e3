//! The directory, for the host system; the calling user, and the users whom they may write to.

mod autocomplete;
mod caller;
mod create;
mod get;
mod list;
mod profile;
mod put;
mod tokens;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(caller::caller))
        .routes(routes!(list::list, create::create))
        .routes(routes!(autocomplete::autocomplete))
        .routes(routes!(get::get, put::put))
        .routes(routes!(tokens::issue, tokens::revoke))
}
