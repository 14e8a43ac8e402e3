mod list;
mod replace;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::edge::dialect::Routes;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(list::list, replace::replace))
}

/// All labels of a conversation, in display order.
#[derive(Debug, Serialize, ToSchema)]
struct Labels<'a> {
    payload: &'a [String],
}
