use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::Error;

/// Unread conversations, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Badge {
    /// Private chats.
    pub private: i64,
    /// Rooms.
    pub rooms: i64,
    /// Contextual chats.
    pub chat: i64,
}

/// A user's badge: one row.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn get(pool: &PgPool, user: Uuid) -> Result<Badge, Error> {
    let badge = sqlx::query_as("select private, rooms, chat from badge.counts where user_id = $1")
        .bind(user)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read a badge"))?;
    Ok(badge.unwrap_or_default())
}
