use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{Error, Page};

/// A user of an account.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// The public number.
    pub id: i64,
    /// The stream.
    pub uuid: Uuid,
    /// The host system's name.
    pub uid: String,
    /// The name to show.
    pub name: Option<String>,
    /// A handle.
    pub username: Option<String>,
    /// An e-mail address, not checked.
    pub email: Option<String>,
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// The role of the newest token that was seen.
    pub role: Option<String>,
    /// The host system's own.
    pub metadata: Option<Value>,
    /// In the order to be shown.
    pub tags: Vec<String>,
    /// When they were registered.
    pub created_at: DateTime<Utc>,
    /// When the entry changed last.
    pub modified_at: DateTime<Utc>,
}

impl User {
    /// The name, or what comes closest.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().or(self.username.as_deref()).unwrap_or(&self.uid)
    }
}

/// How a caller names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// By stream.
    Uuid(Uuid),
    /// By stream, if the text can be read as one and a user has it; else by uid.
    UuidOrUid(Option<Uuid>, String),
    /// By public number.
    Id(i64),
    /// By uid; only if no user has that uid and it is all digits, by number.
    Text(String),
}

const COLUMNS: &str = "id, uuid, uid, name, username, email, avatar_url, role, metadata, tags, \
    created_at, modified_at";

/// The user whom the host system calls `uid`.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn by_uid(pool: &PgPool, account: i64, uid: &str) -> Result<Option<User>, Error> {
    sqlx::query_as(&format!(
        "select {COLUMNS} from directory.users where account_id = $1 and uid = $2"
    ))
    .bind(account)
    .bind(uid)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("look up a user"))
}

/// The user with a public number.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn by_id(pool: &PgPool, account: i64, id: i64) -> Result<Option<User>, Error> {
    sqlx::query_as(&format!(
        "select {COLUMNS} from directory.users where account_id = $1 and id = $2"
    ))
    .bind(account)
    .bind(id)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("look up a user"))
}

/// The users that are named, in the order of the references; none where there is no such user.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn resolve(
    pool: &PgPool,
    account: i64,
    references: &[Reference],
) -> Result<Vec<Option<Uuid>>, Error> {
    let (mut uuids, mut uids, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for reference in references {
        let (uuid, uid, id) = match reference {
            Reference::Uuid(uuid) => (Some(*uuid), None, None),
            Reference::UuidOrUid(uuid, uid) => (*uuid, Some(uid.as_str()), None),
            Reference::Id(id) => (None, None, Some(*id)),
            Reference::Text(text) => {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                (None, Some(text.as_str()), digits.then(|| text.parse().ok()).flatten())
            }
        };
        uuids.push(uuid);
        uids.push(uid);
        ids.push(id);
    }
    sqlx::query_scalar(
        "select coalesce(by_uuid.uuid, by_uid.uuid, by_id.uuid)
         from unnest($2::text[], $3::bigint[], $4::uuid[]) with ordinality as r (uid, id, uuid, ordinal)
         left join directory.users by_uuid on by_uuid.account_id = $1 and by_uuid.uuid = r.uuid
         left join directory.users by_uid on by_uid.account_id = $1 and by_uid.uid = r.uid
         left join directory.users by_id on by_id.account_id = $1 and by_id.id = r.id
         order by r.ordinal",
    )
    .bind(account)
    .bind(uids)
    .bind(ids)
    .bind(uuids)
    .fetch_all(pool)
    .await
    .map_err(Error::database("look up users"))
}

/// The users of an account with these streams.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn by_uuid(pool: &PgPool, account: i64, uuids: &[Uuid]) -> Result<Vec<User>, Error> {
    sqlx::query_as(&format!(
        "select {COLUMNS} from directory.users where account_id = $1 and uuid = any($2)"
    ))
    .bind(account)
    .bind(uuids)
    .fetch_all(pool)
    .await
    .map_err(Error::database("look up users"))
}

/// Which users, by exact values.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// One of these streams.
    pub uuids: Option<Vec<Uuid>>,
    /// One of these shown names.
    pub names: Option<Vec<String>>,
    /// One of these uids.
    pub uids: Option<Vec<String>>,
    /// By shown name, and whether descending; without, in the order of registration.
    pub by_name: Option<bool>,
    /// Items at most.
    pub limit: i64,
    /// Items to leave out at the start.
    pub offset: i64,
}

/// The users of an account that match.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn choose(pool: &PgPool, account: i64, choice: &Choice) -> Result<Page<User>, Error> {
    let matching = "from directory.users
         where account_id = $1
           and ($2::uuid[] is null or uuid = any($2))
           and ($3::text[] is null or coalesce(name, username, uid) = any($3))
           and ($4::text[] is null or uid = any($4))";
    let order = match choice.by_name {
        None => "id",
        Some(false) => "lower(coalesce(name, username, uid) collate \"und-x-icu\"), uuid",
        Some(true) => "lower(coalesce(name, username, uid) collate \"und-x-icu\") desc, uuid",
    };
    let items =
        sqlx::query_as(&format!("select {COLUMNS} {matching} order by {order} limit $5 offset $6"))
            .bind(account)
            .bind(&choice.uuids)
            .bind(&choice.names)
            .bind(&choice.uids)
            .bind(choice.limit)
            .bind(choice.offset)
            .fetch_all(pool)
            .await
            .map_err(Error::database("list users"))?;
    let total = sqlx::query_scalar(&format!("select count(*) {matching}"))
        .bind(account)
        .bind(&choice.uuids)
        .bind(&choice.names)
        .bind(&choice.uids)
        .fetch_one(pool)
        .await
        .map_err(Error::database("count users"))?;
    Ok(Page { items, total: Some(total) })
}

/// Users by name, then number.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn list(
    pool: &PgPool,
    account: i64,
    q: Option<&str>,
    top: i64,
    skip: i64,
    count: bool,
) -> Result<Page<User>, Error> {
    let matching = "from directory.users
         where account_id = $1
           and ($2::text is null
                or strpos(lower((coalesce(name, '') || ' ' || coalesce(username, '') || ' ' || uid) collate \"und-x-icu\"), lower($2 collate \"und-x-icu\")) > 0)";
    let items = sqlx::query_as(&format!(
        "select {COLUMNS} {matching}
         order by lower(coalesce(name, username, uid) collate \"und-x-icu\"), id
         limit $3 offset $4"
    ))
    .bind(account)
    .bind(q)
    .bind(top)
    .bind(skip)
    .fetch_all(pool)
    .await
    .map_err(Error::database("list users"))?;
    let total = if count {
        let total = sqlx::query_scalar(&format!("select count(*) {matching}"))
            .bind(account)
            .bind(q)
            .fetch_one(pool)
            .await
            .map_err(Error::database("count users"))?;
        Some(total)
    } else {
        None
    };
    Ok(Page { items, total })
}
