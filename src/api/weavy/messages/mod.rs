mod delete;
mod edit;
mod get;
mod list;
mod post;
mod typing;

use domain::PublicId;
use projections::views::Viewer;
use utoipa_axum::routes;

use crate::edge::dialect::Routes;
use crate::edge::failure::Failure;
use crate::weavy::request::{Weavy, number};

pub(super) fn routes() -> Routes {
    Routes::new()
        .routes(routes!(list::list, post::post))
        .routes(routes!(get::get, edit::edit, delete::delete))
        .routes(routes!(typing::typing))
}

struct Found {
    message: projections::Message,
    /// The number of its conversation.
    number: PublicId,
}

/// A message that the caller may see.
async fn find(request: &Weavy, id: &str) -> Result<Found, Failure> {
    let found = request.views().message(request.account(), number(id)?).await?;
    let message = found.ok_or_else(Failure::not_found)?.message;
    let viewer = if request.administers() { Viewer::Service } else { request.viewer() };
    let number = request.conversation(message.conversation, viewer).await?.number;
    Ok(Found { message, number })
}
