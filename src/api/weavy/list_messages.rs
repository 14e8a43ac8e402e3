use axum::extract::Path;
use projections::messages;

use super::Problem;
use super::object::{List, Message};
use super::request::{Weavy, number};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// List the messages of a conversation, oldest first.
#[utoipa::path(get, path = "/apps/{id}/messages", tag = "Weavy",
    params(("id" = i64, Path, description = "The conversation"),
           ("q" = Option<String>, Query, description = "Part of the text"),
           ("order_by" = Option<String>, Query, description = "created_at or id; with desc"),
           ("top" = Option<i64>, Query, description = "Items at most, 25 unless told, up to 100"),
           ("skip" = Option<i64>, Query, description = "Items to leave out at the start"),
           ("count" = Option<bool>, Query, description = "Whether to count the list"),
           ("count_only" = Option<bool>, Query, description = "Only count it")),
    responses((status = 200, description = "A page", body = List<Message>),
              (status = 404, description = "Unknown, or the caller is not in it", body = Problem)))]
pub(super) async fn list(
    Path(id): Path<String>,
    request: Weavy,
) -> Result<Answer<List<Message>>, Failure> {
    let id = number(&id)?;
    let query = request.query();
    let paging = query.paging()?;
    let ordered = query.order_by(&[("created_at", ()), ("id", ())])?;
    let descending = ordered.is_some_and(|((), descending)| descending);
    let top = if paging.count_only { 0 } else { paging.top };
    let position = request.0.catch_up(SHOWN).await?;
    request.view(id, false).await?;
    let page = messages::list(
        &request.0.state.pool,
        request.account(),
        id,
        query.text("q")?,
        descending,
        top,
        paging.skip,
        paging.count,
    )
    .await?;
    Ok(Answer::ok(position, List::new(page, &paging)))
}
