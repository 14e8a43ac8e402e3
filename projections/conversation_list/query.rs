use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{Error, Page};

/// Who is in a conversation, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Membership {
    /// The conversation's stream.
    pub conversation: Uuid,
    /// The user's stream.
    pub user_id: Uuid,
    /// The position of the event that let them in.
    pub membership: i64,
    /// When that was.
    pub joined_at: DateTime<Utc>,
}

/// A membership of a conversation that a user is in and that is not in the trash, by the member's own stream.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn membership(
    pool: &PgPool,
    viewer: Uuid,
    participation: Uuid,
) -> Result<Option<Membership>, Error> {
    sqlx::query_as(
        "select m.conversation, m.user_id, m.membership, m.joined_at
         from conversation_list.members m
         join inbox.seats s on s.conversation = m.conversation and s.user_id = $1 and not s.trashed
         where m.participation = $2",
    )
    .bind(viewer)
    .bind(participation)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("read a membership"))
}

const OF_A_VIEWER: &str = "from conversation_list.members m
     join inbox.seats s on s.conversation = m.conversation and s.user_id = $1 and not s.trashed
     where ($2::uuid[] is null or m.conversation = any($2))
       and ($3::uuid[] is null or m.user_id = any($3))";

/// The memberships of all conversations that a user is in and that are not in the trash, as they came about.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn memberships(
    pool: &PgPool,
    viewer: Uuid,
    conversations: Option<&[Uuid]>,
    users: Option<&[Uuid]>,
    limit: i64,
    offset: i64,
) -> Result<Page<Membership>, Error> {
    let items = sqlx::query_as(&format!(
        "select m.conversation, m.user_id, m.membership, m.joined_at {OF_A_VIEWER}
         order by m.membership, m.user_id
         limit $4 offset $5"
    ))
    .bind(viewer)
    .bind(conversations)
    .bind(users)
    .bind(limit)
    .bind(offset)
    .fetch_all(pool)
    .await
    .map_err(Error::database("list memberships"))?;
    let total = sqlx::query_scalar(&format!("select count(*) {OF_A_VIEWER}"))
        .bind(viewer)
        .bind(conversations)
        .bind(users)
        .fetch_one(pool)
        .await
        .map_err(Error::database("count memberships"))?;
    Ok(Page { items, total: Some(total) })
}
