//! A member's conversations by the change that everyone saw last, with filters, orders and pages by number.

use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Error, Page};

/// A conversation as its member lists it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Chat {
    /// The stream.
    pub conversation: Uuid,
    /// The public number.
    pub id: i64,
    /// Private, room or contextual.
    #[sqlx(json)]
    pub kind: Kind,
    /// Its own name, if it has one.
    pub name: Option<String>,
    /// The other one of the two in a private chat.
    pub other: Option<Uuid>,
    /// Who made it; none when the host system did.
    pub created_by: Option<Uuid>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What is said, its name or its members changed last.
    pub changed_at: DateTime<Utc>,
    /// Which membership of the user it is.
    pub membership: i64,
    /// The newest message's number.
    pub newest_id: Option<i64>,
    /// The newest message's own id.
    pub newest: Option<Uuid>,
    /// Where the member marked it as read, unless it was marked as unread since.
    pub bookmark: Option<i64>,
    /// When it was marked as read last.
    pub opened_at: Option<DateTime<Utc>>,
}

/// What a chat can be filtered and ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The stream.
    Conversation,
    /// The other one of a private chat.
    Other,
    /// Who started a private chat.
    First,
    /// Whom it was started with.
    Second,
    /// Its creation.
    CreatedAt,
    /// The change that everyone saw last.
    ChangedAt,
    /// Its own name.
    Name,
}

impl Column {
    fn sql(self) -> &'static str {
        match self {
            Self::Conversation => "s.conversation",
            Self::Other => "s.other",
            Self::First => "c.created_by",
            Self::Second => "case when c.created_by = s.user_id then s.other else s.user_id end",
            Self::CreatedAt => "date_trunc('milliseconds', c.created_at)",
            Self::ChangedAt => "s.changed_at",
            Self::Name => "c.name collate \"und-x-icu\"",
        }
    }
}

/// Which chats, in which order, from where to where.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Only private chats, or only others.
    pub private: Option<bool>,
    /// Part of the other one's shown name or uid, whatever its case.
    pub peer: Option<String>,
    /// The column has one of these values; all of them.
    pub filters: Vec<(Column, Vec<Uuid>)>,
    /// And whether descending. The stream orders what is equal then.
    pub order: Vec<(Column, bool)>,
    /// Items at most.
    pub limit: i64,
    /// Items to leave out at the start.
    pub offset: i64,
}

/// The chats of a user that are not in the trash.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn chats(pool: &PgPool, user: Uuid, choice: &Choice) -> Result<Page<Chat>, Error> {
    let items = page(user, choice)
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(Error::database("list chats"))?;
    let mut count = QueryBuilder::new("select count(*)");
    matching(&mut count, user, choice);
    let total =
        count.build_query_scalar().fetch_one(pool).await.map_err(Error::database("count chats"))?;
    Ok(Page { items, total: Some(total) })
}

/// Those of a user's chats that are named and not in the trash.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn chats_of(pool: &PgPool, user: Uuid, ids: &[Uuid]) -> Result<Vec<Chat>, Error> {
    let filters = vec![(Column::Conversation, ids.to_vec())];
    let choice = Choice { filters, limit: i64::MAX, ..Choice::default() };
    page(user, &choice)
        .build_query_as()
        .fetch_all(pool)
        .await
        .map_err(Error::database("read chats"))
}

pub(super) fn page(user: Uuid, choice: &Choice) -> QueryBuilder<'_, Postgres> {
    let mut sql = QueryBuilder::new(
        "select s.conversation, s.id, to_jsonb(s.kind) as kind, c.name, s.other, c.created_by, c.created_at,
                s.changed_at, s.membership, s.newest_id, m.uuid as newest,
                s.bookmark, s.opened_at",
    );
    matching(&mut sql, user, choice);
    sql.push(" order by ");
    for (column, descending) in &choice.order {
        let direction = if *descending { "desc" } else { "asc" };
        // Descending from the end: what has no value comes last either way.
        let nulls = if *column == Column::Name { " nulls last" } else { "" };
        sql.push(format!("{} {direction}{nulls}, ", column.sql()));
    }
    sql.push("s.conversation limit ").push_bind(choice.limit);
    sql.push(" offset ").push_bind(choice.offset);
    sql
}

fn matching<'a>(sql: &mut QueryBuilder<'a, Postgres>, user: Uuid, choice: &'a Choice) {
    sql.push(
        " from inbox.seats s
         join inbox.conversations c on c.uuid = s.conversation
         left join inbox.messages m on m.conversation = s.conversation and m.id = s.newest_id
         where not s.trashed and s.user_id = ",
    )
    .push_bind(user);
    match choice.private {
        Some(true) => sql.push(" and s.kind = 'private'"),
        Some(false) => sql.push(" and s.kind <> 'private'"),
        None => sql,
    };
    if let Some(peer) = &choice.peer {
        let pattern = format!("%{}%", escaped(peer));
        sql.push(
            " and s.other in (select u.uuid from directory.users u
                              where lower(coalesce(u.name, u.username, u.uid) collate \"und-x-icu\")
                                    like lower(",
        )
        .push_bind(pattern.clone())
        .push(" collate \"und-x-icu\") or lower(u.uid collate \"und-x-icu\") like lower(")
        .push_bind(pattern)
        .push(" collate \"und-x-icu\"))");
    }
    for (column, values) in &choice.filters {
        sql.push(format!(" and {} = any(", column.sql())).push_bind(values).push(")");
    }
}

/// Text that stands for itself in a pattern.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '%' | '_') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
