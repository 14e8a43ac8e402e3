use domain::conversation::Kind;
use projections::views::{Filter, Order, served_kinds};
use serde_json::json;

use crate::description::schema;
use crate::edge::failure::Failure;
use crate::weavy::DIALECT;
use crate::weavy::objects::{Conversation, Rendered, type_names};
use crate::weavy::query::{List, PagingParameters, Query, orders};
use crate::weavy::request::Weavy;

const ORDERS: [(&str, Order); 5] = [
    ("id", Order::Id),
    ("name", Order::Name),
    ("created_at", Order::CreatedAt),
    ("modified_at", Order::ModifiedAt),
    ("last_message_at", Order::LastMessageAt),
];

schema! {
    /// A field to order by, ascending, or descending with `desc`.
    ConversationOrder = orders(&ORDERS)
}

schema! {
    /// A kind of conversation, by its id or name.
    ConversationType = {
        let types = served_kinds(DIALECT.surface).iter().map(|kind| type_names(*kind));
        let ids = types.clone().map(|(id, _)| id);
        let names = types.flat_map(|(_, names)| names.iter().copied());
        json!({ "type": "string", "enum": ids.chain(names).collect::<Vec<_>>() })
    }
}

/// List the caller's conversations.
#[utoipa::path(get, path = "/conversations",
    operation_id = "weavy.conversations.list",
    params(("unread" = Option<bool>, Query, description = "Only unread, or only read ones"),
           ("contextual" = Option<bool>, Query,
            description = "Only contextual chats, or only the others"),
           ("type" = inline(Option<ConversationType>), Query, description = "In any case"),
           ("q" = Option<String>, Query, description = "Part of the name, or of another member's"),
           ("tag" = Option<String>, Query, description = "Carries the tag"),
           ("trashed" = Option<bool>, Query, description = "Only trashed ones; null: both"),
           ("order_by" = inline(Option<ConversationOrder>), Query,
            description = "Default: pinned ones first, then the latest active"),
           PagingParameters),
    responses((status = 200, description = "A page", body = List<Conversation>),
              (status = 403, description = "Service token")))]
pub(super) async fn list(request: Weavy) -> Result<Rendered, Failure> {
    let user = request.user()?;
    let query = request.query();
    let paging = query.paging()?;
    let ordered = query.order_by(&ORDERS)?;
    let (order, descending) = ordered.unwrap_or_default();
    let filter = Filter {
        kinds: kinds(&query, request.views().kinds())?,
        unread: query.tri_state("unread", None)?,
        q: query.text("q")?.map(str::to_owned),
        tag: query.text("tag")?.map(str::to_owned),
        trashed: query.tri_state("trashed", Some(false))?,
        order,
        descending,
        top: if paging.count_only { 0 } else { paging.top },
        skip: paging.skip,
    };
    let page = request.views().list(user, &filter).await?;
    let viewer = request.viewer();
    let known = request.presence();
    Ok(Rendered::new(&List::new(&page, &paging, |view| Conversation::new(view, viewer, known))))
}

/// The kinds that all filters allow.
fn kinds(query: &Query, served: &[Kind]) -> Result<Vec<Kind>, Failure> {
    let contextual = query.tri_state("contextual", None)?;
    let named = match query.text("type")? {
        None => None,
        Some(text) => {
            let text = text.to_lowercase();
            let found = served.iter().find(|kind| {
                let (id, names) = type_names(**kind);
                id == text || names.contains(&&*text)
            });
            let unknown = || Failure::bad_request("type must be a type id, private, room or chat");
            Some(*found.ok_or_else(unknown)?)
        }
    };
    let fits = |kind: &Kind| {
        let is_contextual = match kind {
            Kind::Contextual => true,
            Kind::Private | Kind::Room | Kind::Support => false,
        };
        contextual.is_none_or(|contextual| contextual == is_contextual)
            && named.is_none_or(|named| named == *kind)
    };
    Ok(served.iter().copied().filter(fits).collect())
}
