//! Messages as one member sees them: each with when it was read.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::Message;
use super::query::COLUMNS;
use crate::{Cursor, Error, Slice};

/// A message, and when it was read.
#[derive(Debug, Clone, FromRow)]
pub struct Read {
    /// The message itself.
    #[sqlx(flatten)]
    pub message: Message,
    /// When the author was registered.
    pub author_created_at: DateTime<Utc>,
    /// Somebody else's message: when the viewer's marker came to cover it. The viewer's own: when the first
    /// other member's did. None when no marker covers it now.
    pub read_at: Option<DateTime<Utc>>,
}

/// The number of a message of a conversation.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn number(pool: &PgPool, conversation: Uuid, uuid: Uuid) -> Result<Option<i64>, Error> {
    sqlx::query_scalar("select id from messages.messages where uuid = $1 and conversation = $2")
        .bind(uuid)
        .bind(conversation)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("number a message"))
}

/// One message of an account, as the viewer sees it. Whether they may is not asked here.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn read(
    pool: &PgPool,
    account: i64,
    viewer: Uuid,
    name: Name,
) -> Result<Option<Read>, Error> {
    let (uuid, number) = match name {
        Name::Uuid(uuid) => (Some(uuid), None),
        Name::Number(number) => (None, Some(number)),
    };
    let column = if uuid.is_some() { "uuid = $3" } else { "id = $4" };
    let chosen =
        format!("select * from messages.messages m where m.account_id = $2 and m.{column}");
    sqlx::query_as(&shown(&chosen))
        .bind(viewer)
        .bind(account)
        .bind(uuid)
        .bind(number)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read a message"))
}

/// How a message is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// By its own id.
    Uuid(Uuid),
    /// By public number.
    Number(i64),
}

/// The messages of the conversation with this public number, as the viewer sees them, the newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn reads(
    pool: &PgPool,
    viewer: Uuid,
    app_id: i64,
    cursor: Cursor,
    limit: i64,
) -> Result<Slice<Read>, Error> {
    let messages = sqlx::query_as(&reads_sql(cursor))
        .bind(viewer)
        .bind(app_id)
        .bind(cursor.number())
        .bind(limit + 1)
        .fetch_all(pool)
        .await
        .map_err(Error::database("list messages"))?;
    Ok(cursor.slice(messages, limit))
}

/// For viewer, conversation, the cursor's number and limit.
pub(super) fn reads_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("m.id", 3), cursor.direction());
    let chosen = format!(
        "select * from messages.messages m
         where m.app_id = $2 and {condition}
         order by m.id {direction}
         limit $4"
    );
    format!("{} order by m.id {direction}", shown(&chosen))
}

/// A marker that covers a message was set after it was posted, and most often soon: markers are looked through
/// in the order in which they were set, from the message on.
fn shown(chosen: &str) -> String {
    format!(
        "select {COLUMNS}, a.created_at as author_created_at,
                case when m.author = $1
                     then (select k.at
                           from inbox.marks k
                           where k.conversation = m.conversation
                             and k.position > m.id
                             and k.top >= m.id
                             and k.user_id <> $1
                           order by k.position
                           limit 1)
                     else (select k.at
                           from inbox.marks k
                           where k.user_id = $1
                             and k.conversation = m.conversation
                             and k.top >= m.id
                           order by k.top
                           limit 1)
                end as read_at
         from ({chosen}) m
         join directory.users a on a.uuid = m.author"
    )
}
