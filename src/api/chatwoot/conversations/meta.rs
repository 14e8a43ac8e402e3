use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::{self, ListMeta, ListParameters};
use crate::chatwoot::request::Chatwoot;
use crate::edge::failure::Failure;

/// The counts of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConversationCounts {
    meta: ListMeta,
}

/// Count the conversations of the caller's inboxes.
#[utoipa::path(get, path = "/{account_id}/conversations/meta",
    operation_id = "chatwoot.conversations.meta",
    params(("account_id" = i64, Path, description = "The caller's account"), ListParameters),
    responses((status = 200, description = "The counts", body = ConversationCounts),
              (status = 400, description = "Values that cannot be used, all of them"),
              (status = 404, description = "There is no such team")))]
pub(super) async fn meta(request: Chatwoot) -> Result<Json<ConversationCounts>, Failure> {
    let meta = match filter::read(&request).await? {
        None => ListMeta::default(),
        Some(filter) => request.views().support_counts(&request.desk, &filter).await?.into(),
    };
    Ok(Json(ConversationCounts { meta }))
}
