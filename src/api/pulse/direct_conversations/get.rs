use axum::extract::Path;
use axum::http::StatusCode;
use domain::conversation::Kind;

use super::list::INCLUDES;
use crate::edge::failure::Failure;
use crate::jsonapi::document::Document;
use crate::jsonapi::parameters::offered;
use crate::jsonapi::query::Offer;
use crate::jsonapi::schema::One;
use crate::pulse::body::DirectConversation;
use crate::pulse::objects;
use crate::pulse::request::{Pulse, id};

const OFFER: Offer = Offer::including(INCLUDES);
offered!(OFFER);

/// Get a direct conversation.
#[utoipa::path(get, path = "/direct_conversations/{id}",
    operation_id = "pulse.direct_conversations.get",
    params(("id" = Uuid, Path, description = "The direct conversation"), Parameters),
    responses((status = 200, description = "The direct conversation",
               body = One<DirectConversation>),
              (status = 404, description = "Unknown, trashed, a room's, or the caller is not in \
                                            it")))]
pub(super) async fn get(Path(direct): Path<String>, request: Pulse) -> Result<Document, Failure> {
    let query = request.query(&OFFER)?;
    let chat = request.chat(id(&direct)?).await?;
    if chat.conversation.kind != Kind::Private {
        return Err(Failure::not_found());
    }
    let resource = objects::direct_conversation(&chat, request.user);
    request.answer(StatusCode::OK, resource, &query).await
}
