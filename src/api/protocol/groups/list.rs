use axum::Json;
use projections::views::Entry;

use crate::edge::failure::Failure;
use crate::protocol::objects::Group;
use crate::protocol::query::{List, PagingParameters};
use crate::protocol::request::Protocol;

/// List the groups that the caller is in, the latest created first.
#[utoipa::path(get, path = "/groups",
    operation_id = "protocol.groups.list",
    params(PagingParameters),
    responses((status = 200, description = "A page", body = List<Group>)))]
pub(super) async fn list(request: Protocol) -> Result<Json<List<Group>>, Failure> {
    let paging = request.query().paging()?;
    let (views, user) = (request.views(), request.user);
    let place = async |item| {
        let entry = views.entry(user, item).await?.filter(Entry::is_group);
        Ok(entry.map(|entry| entry.conversation.number))
    };
    let cursor = paging.cursor(place).await?;
    let slice = views.groups(user, cursor, paging.limit).await?;
    Ok(Json(List::new(slice)))
}
