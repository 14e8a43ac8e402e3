use axum::extract::Path;

use crate::description::schema;
use crate::edge::failure::Failure;
use crate::weavy::objects::{Message, Rendered};
use crate::weavy::query::{List, PagingParameters, orders};
use crate::weavy::request::{Weavy, number};

const ORDERS: [(&str, ()); 2] = [("created_at", ()), ("id", ())];

schema! {
    /// A field to order by, ascending, or descending with `desc`.
    MessageOrder = orders(&ORDERS)
}

/// List the messages of a conversation, oldest first.
#[utoipa::path(get, path = "/apps/{id}/messages",
    operation_id = "weavy.messages.list",
    params(("id" = i64, Path, description = "The conversation"),
           ("q" = Option<String>, Query, description = "Part of the text"),
           ("order_by" = inline(Option<MessageOrder>), Query,
            description = "Default: oldest first"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<Message>),
              (status = 404, description = "Unknown, or the caller is not in it")))]
pub(super) async fn list(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let id = number(&id)?;
    let query = request.query();
    let paging = query.paging()?;
    let ordered = query.order_by(&ORDERS)?;
    let descending = ordered.is_some_and(|((), descending)| descending);
    let top = if paging.count_only { 0 } else { paging.top };
    let id = request.conversation_id(id).await?;
    let number = request.conversation(id, request.viewer()).await?.number;
    let (views, skip) = (request.views(), paging.skip);
    let page = match query.text("q")? {
        None => views.messages(id, descending, top, skip).await?,
        Some(q) => views.search_messages(id, q, descending, top, skip).await?,
    };
    let list =
        List::new(&page, &paging, |found| Message::new(&found.message, &found.author, number));
    Ok(Rendered::new(&list))
}
