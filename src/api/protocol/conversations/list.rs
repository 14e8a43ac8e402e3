use axum::Json;
use projections::views::Flags;
use projections::{Cursor, Slice};

use crate::edge::failure::Failure;
use crate::protocol::id;
use crate::protocol::objects::Conversation;
use crate::protocol::query::{List, PagingParameters};
use crate::protocol::request::Protocol;

/// List the caller's conversations, the latest active first.
#[utoipa::path(get, path = "/conversations",
    operation_id = "protocol.conversations.list",
    params(("muted" = Option<bool>, Query, description = "Only muted, or only other ones"),
           ("archived" = Option<bool>, Query, description = "Only archived, or only other ones"),
           ("pinned" = Option<bool>, Query, description = "Only pinned, or only other ones"),
           ("group_id" = Option<String>, Query, description = "Only that group's"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<Conversation>)))]
pub(super) async fn list(request: Protocol) -> Result<Json<List<Conversation>>, Failure> {
    let query = request.query();
    let flags = Flags {
        muted: query.boolean("muted")?,
        archived: query.boolean("archived")?,
        pinned: query.boolean("pinned")?,
    };
    let paging = query.paging()?;
    let (views, user) = (request.views(), request.user);
    let cursor = paging.cursor(async |item| Ok(views.rank(user, item).await?)).await?;
    let slice = match query.text("group_id")? {
        None => views.entries(user, flags, cursor, paging.limit).await?,
        Some(group) => {
            let found = match id::decode(group) {
                Some(group) => views.entry(user, group).await?,
                None => None,
            };
            let items = found
                .into_iter()
                .filter(|entry| entry.is_group() && flags.match_entry(entry))
                .filter(|entry| match cursor {
                    Cursor::Top => true,
                    Cursor::After(number) => entry.rank() < number,
                    Cursor::Before(number) => entry.rank() > number,
                })
                .collect();
            Slice { items, has_more: false }
        }
    };
    Ok(Json(List::new(slice)))
}
