use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::inbox::Person;
use crate::{Error, Page};

/// A message, with its author.
#[derive(Debug, Clone, Deserialize, FromRow)]
pub struct Message {
    /// The public number.
    pub id: i64,
    /// Its own id.
    pub uuid: Uuid,
    /// The conversation's stream.
    pub conversation: Uuid,
    /// The conversation's public number.
    pub app_id: i64,
    /// The author's stream.
    pub author: Uuid,
    /// What was said.
    pub text: String,
    /// The host system's own.
    pub metadata: Option<Value>,
    /// In the order to be shown.
    pub tags: Vec<String>,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
    /// Who posted it.
    #[sqlx(json)]
    pub created_by: Person,
    /// When it was edited last.
    pub modified_at: Option<DateTime<Utc>>,
}

/// A message as a JSON object, for a row `m` of messages with its author joined as `a`.
pub(crate) const COLUMNS: &str =
    "m.id, m.uuid, m.conversation, m.app_id, m.author, m.text, m.metadata, m.tags, m.created_at, m.modified_at,
    jsonb_build_object('id', coalesce(a.id, 0), 'uid', coalesce(a.uid, ''),
                       'display_name', coalesce(a.name, a.username, a.uid, ''),
                       'avatar_url', a.avatar_url) as created_by";

const FROM: &str = "from messages.messages m left join directory.users a on a.uuid = m.author";

/// One message, by number.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn get(pool: &PgPool, account: i64, id: i64) -> Result<Option<Message>, Error> {
    sqlx::query_as(&format!("select {COLUMNS} {FROM} where m.account_id = $1 and m.id = $2"))
        .bind(account)
        .bind(id)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read a message"))
}

/// The messages of an account with these ids. Whether the caller may see them is not asked here.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn by_uuid(pool: &PgPool, account: i64, uuids: &[Uuid]) -> Result<Vec<Message>, Error> {
    sqlx::query_as(&format!("select {COLUMNS} {FROM} where m.account_id = $1 and m.uuid = any($2)"))
        .bind(account)
        .bind(uuids)
        .fetch_all(pool)
        .await
        .map_err(Error::database("read messages"))
}

/// The number of the newest message of a conversation that was not posted after a time, to the millisecond.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn newest_until(
    pool: &PgPool,
    app_id: i64,
    time: DateTime<Utc>,
) -> Result<Option<i64>, Error> {
    sqlx::query_scalar(
        "select id from messages.messages
         where app_id = $1 and date_trunc('milliseconds', created_at) <= $2
         order by id desc
         limit 1",
    )
    .bind(app_id)
    .bind(time)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("look for a message"))
}

/// Whether a conversation has a message with this number.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn exists(pool: &PgPool, conversation: Uuid, id: i64) -> Result<bool, Error> {
    sqlx::query_scalar(
        "select exists (select from messages.messages where id = $1 and conversation = $2)",
    )
    .bind(id)
    .bind(conversation)
    .fetch_one(pool)
    .await
    .map_err(Error::database("look for a message"))
}

/// Messages of a conversation in posting order, or newest first.
///
/// # Errors
/// When PostgreSQL fails.
#[expect(clippy::too_many_arguments, reason = "a page has this many sides")]
pub async fn list(
    pool: &PgPool,
    account: i64,
    app_id: i64,
    q: Option<&str>,
    descending: bool,
    top: i64,
    skip: i64,
    count: bool,
) -> Result<Page<Message>, Error> {
    let items = sqlx::query_as(&page_sql(descending))
        .bind(account)
        .bind(app_id)
        .bind(q)
        .bind(top)
        .bind(skip)
        .fetch_all(pool)
        .await
        .map_err(Error::database("list messages"))?;
    let total = if count {
        let total = sqlx::query_scalar(&format!(
            "select count(*) from messages.messages m where {MATCHING}"
        ))
        .bind(account)
        .bind(app_id)
        .bind(q)
        .fetch_one(pool)
        .await
        .map_err(Error::database("count messages"))?;
        Some(total)
    } else {
        None
    };
    Ok(Page { items, total })
}

const MATCHING: &str = "m.account_id = $1 and m.app_id = $2
    and ($3::text is null or strpos(lower((m.text) collate \"und-x-icu\"), lower($3 collate \"und-x-icu\")) > 0)";

/// For account, app, q, limit and offset.
pub(super) fn page_sql(descending: bool) -> String {
    let direction = if descending { "desc" } else { "asc" };
    format!("select {COLUMNS} {FROM} where {MATCHING} order by m.id {direction} limit $4 offset $5")
}
