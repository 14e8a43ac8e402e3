use axum::Json;

use crate::edge::failure::Failure;
use crate::protocol::objects::Message;
use crate::protocol::query::{List, PagingParameters};
use crate::protocol::request::Protocol;

/// List the messages of a conversation, newest first.
#[utoipa::path(get, path = "/messages",
    operation_id = "protocol.messages.list",
    params(("conversation_id" = String, Query, description = "The conversation"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<Message>),
              (status = 400, description = "A parameter is missing or cannot be used"),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn list(request: Protocol) -> Result<Json<List<Message>>, Failure> {
    let query = request.query();
    let paging = query.paging()?;
    let conversation = query
        .text("conversation_id")?
        .ok_or_else(|| Failure::bad_request("conversation_id must be given"))?;
    let entry = request.entry(conversation).await?;
    let (views, conversation) = (request.views(), entry.state.conversation);
    let place = async |item| Ok(views.message_number(conversation, item).await?);
    let cursor = paging.cursor(place).await?;
    let slice = views.reads(request.user, conversation, cursor, paging.limit).await?;
    Ok(Json(List::new(slice)))
}
