use projections::badge;
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use super::request::Weavy;
use crate::answer::Answer;
use crate::failure::Failure;

/// Unread conversations, by kind.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Badge {
    private: i64,
    rooms: i64,
    chat: i64,
}

/// Count the caller's unread conversations.
#[utoipa::path(get, path = "/conversations/badge", tag = "Weavy",
    responses((status = 200, description = "The badge", body = Badge),
              (status = 403, description = "Service token", body = Problem)))]
pub(super) async fn badge(request: Weavy) -> Result<Answer<Badge>, Failure> {
    let user = request.user()?;
    let position = request.0.catch_up(&[badge::NAME]).await?;
    let badge::Badge { private, rooms, chat } = badge::get(&request.0.state.pool, user).await?;
    Ok(Answer::ok(position, Badge { private, rooms, chat }))
}
