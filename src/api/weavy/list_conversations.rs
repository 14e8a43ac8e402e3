use domain::conversation::Kind;
use projections::inbox::{self, Filter, Order};

use super::Problem;
use super::object::{Conversation, KINDS, List};
use super::query::Query;
use super::request::Weavy;
use crate::answer::Answer;
use crate::failure::Failure;
use crate::incoming::SHOWN;

/// List the caller's conversations.
#[utoipa::path(get, path = "/conversations", tag = "Weavy",
    params(("unread" = Option<bool>, Query, description = "Only unread, or only read ones"),
           ("contextual" = Option<bool>, Query, description = "Only contextual chats, or only the others"),
           ("type" = Option<String>, Query, description = "A type id, or private, room, chat"),
           ("q" = Option<String>, Query, description = "Part of the name, or of another member's"),
           ("tag" = Option<String>, Query, description = "Carries the tag"),
           ("trashed" = Option<bool>, Query, description = "Only trashed ones; null: both"),
           ("order_by" = Option<String>, Query, description = "id, name, created_at, modified_at or last_message_at; with desc"),
           ("top" = Option<i64>, Query, description = "Items at most, 25 unless told, up to 100"),
           ("skip" = Option<i64>, Query, description = "Items to leave out at the start"),
           ("count" = Option<bool>, Query, description = "Whether to count the list"),
           ("count_only" = Option<bool>, Query, description = "Only count it")),
    responses((status = 200, description = "A page", body = List<Conversation>),
              (status = 400, description = "A parameter cannot be used", body = Problem)))]
pub(super) async fn list(request: Weavy) -> Result<Answer<List<Conversation>>, Failure> {
    let user = request.user()?;
    let query = request.query();
    let paging = query.paging()?;
    let ordered = query.order_by(&[
        ("id", Order::Id),
        ("name", Order::Name),
        ("created_at", Order::CreatedAt),
        ("modified_at", Order::ModifiedAt),
        ("last_message_at", Order::LastMessageAt),
    ])?;
    let (order, descending) = ordered.unwrap_or_default();
    let filter = Filter {
        unread: query.tri_state("unread", None)?,
        contextual: query.tri_state("contextual", None)?,
        kind: kind(&query)?,
        q: query.text("q")?.map(str::to_owned),
        tag: query.text("tag")?.map(str::to_owned),
        trashed: query.tri_state("trashed", Some(false))?,
        order,
        descending,
        top: if paging.count_only { 0 } else { paging.top },
        skip: paging.skip,
        count: paging.count,
    };
    let position = request.0.catch_up(SHOWN).await?;
    let page = inbox::list(&request.0.state.pool, request.account(), user, &filter).await?;
    let viewer = request.viewer();
    let page = projections::Page {
        items: page.items.into_iter().map(|view| Conversation::new(view, viewer)).collect(),
        total: page.total,
    };
    Ok(Answer::ok(position, List::new(page, &paging)))
}

fn kind(query: &Query) -> Result<Option<Kind>, Failure> {
    let Some(text) = query.text("type")? else { return Ok(None) };
    let text = text.to_lowercase();
    KINDS
        .iter()
        .find(|(_, id, names)| *id == text || names.contains(&text.as_str()))
        .map(|(kind, ..)| Some(*kind))
        .ok_or_else(|| Failure::bad_request("type must be a type id, private, room or chat"))
}
