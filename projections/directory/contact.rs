//! Users as one of them sees the others.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{Cursor, Error, Slice};

/// A user of an account, as another one sees them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, FromRow)]
pub struct Contact {
    /// The stream.
    pub uuid: Uuid,
    /// The public number.
    pub id: i64,
    /// The host system's name.
    pub uid: String,
    /// The name to show.
    pub display_name: String,
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// The private chat of the two, unless it is in the trash.
    pub conversation: Option<Uuid>,
    /// When they were registered.
    pub created_at: DateTime<Utc>,
}

/// For a user `u` and their chat with the viewer `p`, which [`CHAT`] joins.
pub(crate) const COLUMNS: &str =
    "u.uuid, u.id, u.uid, coalesce(u.name, u.username, u.uid) as display_name, u.avatar_url,
     p.conversation, u.created_at";

/// For the viewer in `$1`.
pub(crate) const CHAT: &str =
    "left join inbox.seats p on p.user_id = $1 and p.other = u.uuid and not p.trashed";

/// A user, as the viewer sees them.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn contact(
    pool: &PgPool,
    account: i64,
    viewer: Uuid,
    user: Uuid,
) -> Result<Option<Contact>, Error> {
    sqlx::query_as(&format!(
        "select {COLUMNS} from directory.users u {CHAT} where u.account_id = $2 and u.uuid = $3"
    ))
    .bind(viewer)
    .bind(account)
    .bind(user)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("read a contact"))
}

/// All users of the account but the viewer, the latest registered first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn contacts(
    pool: &PgPool,
    account: i64,
    viewer: Uuid,
    cursor: Cursor,
    limit: i64,
) -> Result<Slice<Contact>, Error> {
    let contacts = sqlx::query_as(&contacts_sql(cursor))
        .bind(viewer)
        .bind(account)
        .bind(cursor.number())
        .bind(limit + 1)
        .fetch_all(pool)
        .await
        .map_err(Error::database("list contacts"))?;
    Ok(cursor.slice(contacts, limit))
}

/// For viewer, account, the cursor's number and limit.
pub(super) fn contacts_sql(cursor: Cursor) -> String {
    let (condition, direction) = (cursor.condition("u.id", 3), cursor.direction());
    format!(
        "select {COLUMNS}
         from (select * from directory.users u
               where u.account_id = $2 and u.uuid <> $1 and {condition}
               order by u.id {direction}
               limit $4) u
         {CHAT}
         order by u.id {direction}"
    )
}
