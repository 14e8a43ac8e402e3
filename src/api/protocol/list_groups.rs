use axum::Json;
use projections::views::Entry;

use super::Error;
use super::object::Group;
use super::paging::List;
use super::request::Protocol;
use crate::failure::Failure;

/// List the groups that the caller is in, the latest made first.
#[utoipa::path(get, path = "/groups", tag = "Protocol",
    params(("limit" = Option<i64>, Query, description = "Items at most, 10 unless told, up to 100"),
           ("starting_after" = Option<String>, Query, description = "Id of the last item seen"),
           ("ending_before" = Option<String>, Query, description = "Id of the first item seen")),
    responses((status = 200, description = "A page", body = List<Group>),
              (status = 400, description = "A parameter cannot be used", body = Error)))]
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
