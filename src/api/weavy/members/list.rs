use axum::extract::Path;

use crate::edge::failure::Failure;
use crate::weavy::objects::{Member, Rendered};
use crate::weavy::query::{List, PagingParameters};
use crate::weavy::request::{Weavy, number};

/// List the members of a conversation, by id.
#[utoipa::path(get, path = "/apps/{id}/members",
    operation_id = "weavy.members.list",
    params(("id" = i64, Path, description = "The conversation"),
           ("q" = Option<String>, Query, description = "Part of the name or uid"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<Member>),
              (status = 404, description = "Unknown, trashed, or the caller is not in it")))]
pub(super) async fn list(Path(id): Path<String>, request: Weavy) -> Result<Rendered, Failure> {
    let query = request.query();
    let (paging, q) = (query.paging()?, query.text("q")?);
    let top = if paging.count_only { 0 } else { paging.top };
    let id = request.conversation_id(number(&id)?).await?;
    let conversation = request.conversation(id, request.viewer()).await?;
    let page = request.views().members(conversation.uuid, q, top, paging.skip).await?;
    let known = request.presence();
    let list = List::new(&page, &paging, |(member, user)| Member::new((member, user), known));
    Ok(Rendered::new(&list))
}
