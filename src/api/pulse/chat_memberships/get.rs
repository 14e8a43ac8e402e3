use axum::extract::Path;
use axum::http::StatusCode;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::ChatMembership;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Get a membership of one of the caller's chats.
#[utoipa::path(get, path = "/chat_memberships/{id}",
    operation_id = "pulse.chat_memberships.get",
    params(("id" = Uuid, Path, description = "The membership"), Parameters),
    responses((status = 200, description = "The membership", body = One<ChatMembership>),
              (status = 404, description = "Unknown, or the caller is not in its chat")))]
pub(super) async fn get(
    Path(membership): Path<String>,
    request: Pulse,
) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let found = request.views().membership(request.user, id(&membership)?).await?;
    let resource = objects::membership(&found.ok_or_else(Failure::not_found)?);
    request.answer(StatusCode::OK, resource, &query).await
}
