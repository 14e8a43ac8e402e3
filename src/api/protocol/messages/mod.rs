mod create;
mod delete;
mod get;
mod list;
mod update;

use utoipa_axum::routes;

use crate::edge::dialect::Routes;
use crate::edge::failure::Failure;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list, create::create)).routes(routes!(
        get::get,
        update::update,
        delete::delete
    ))
}

/// Renames the field in the domain's errors about a text: `message` in this dialect.
fn named_message(failure: Failure) -> Failure {
    let rest = failure.detail.as_deref().and_then(|detail| detail.strip_prefix("text "));
    match rest.map(|rest| format!("message {rest}")) {
        Some(detail) => Failure { detail: Some(detail), ..failure },
        None => failure,
    }
}
