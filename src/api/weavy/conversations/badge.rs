use axum::Json;
use projections::views::UnreadCounts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::failure::Failure;
use crate::weavy::request::Weavy;

/// Unread conversations, by kind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Badge {
    private: i64,
    rooms: i64,
    chat: i64,
}

/// Count the caller's unread conversations.
#[utoipa::path(get, path = "/conversations/badge",
    operation_id = "weavy.conversations.badge",
    responses((status = 200, description = "The badge", body = Badge),
              (status = 403, description = "Service token")))]
pub(super) async fn badge(request: Weavy) -> Result<Json<Badge>, Failure> {
    let user = request.user()?;
    let unread = request.views().unread_counts(user).await?;
    let UnreadCounts { private, room: rooms, contextual: chat } = unread;
    Ok(Json(Badge { private, rooms, chat }))
}
