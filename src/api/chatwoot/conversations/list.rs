use std::sync::Arc;

use projections::views::support::SupportConversation;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::{self, ListMeta, ListParameters};
use crate::chatwoot::objects::{self, Conversation};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;
use crate::edge::rendered::Rendered;

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConversationList<'a> {
    data: ConversationPage<'a>,
}

/// The page itself, with the counts of all pages.
#[derive(Debug, Serialize, ToSchema)]
struct ConversationPage<'a> {
    meta: ListMeta,
    payload: Vec<Conversation<'a>>,
}

/// List the conversations of the caller's inboxes.
#[utoipa::path(get, path = "/{account_id}/conversations",
    operation_id = "chatwoot.conversations.list",
    params(("account_id" = i64, Path, description = "The caller's account"), ListParameters),
    responses((status = 200, description = "A page of 25, and the counts of all",
               body = ConversationList),
              (status = 400, description = "Values that cannot be used, all of them"),
              (status = 404, description = "There is no such team")))]
pub(super) async fn list(request: Chatwoot) -> Result<Rendered, Failure> {
    let (found, meta): (Arc<[SupportConversation]>, ListMeta) = match filter::read(&request).await?
    {
        None => Default::default(),
        Some(filter) => {
            let (views, desk) = (request.views(), &request.desk);
            let list = views.support_list(desk, &filter);
            let (found, counts) = futures::try_join!(list, views.support_counts(desk, &filter))?;
            (found, counts.into())
        }
    };
    let payload = found.iter().map(|one| objects::conversation(one, &request.desk)).collect();
    Ok(Rendered::new(&ConversationList { data: ConversationPage { meta, payload } }))
}
