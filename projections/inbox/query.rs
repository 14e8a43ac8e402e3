use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use serde::Deserialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::messages::{self, Message};
use crate::{Error, Page};

/// Who a thing is by.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// The public number.
    pub id: i64,
    /// The host system's name.
    pub uid: String,
    /// The name to show.
    pub display_name: String,
    /// Where a picture is.
    pub avatar_url: Option<String>,
}

/// A member, with the read marker that others may see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// The public number.
    pub id: i64,
    /// The user's stream.
    pub uuid: Uuid,
    /// The host system's name.
    pub uid: String,
    /// The name to show.
    pub display_name: String,
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// The message that the member has read up to.
    pub marked_id: Option<i64>,
    /// When.
    pub marked_at: Option<DateTime<Utc>>,
}

/// A conversation as one member sees it.
#[derive(Debug, Clone)]
pub struct View {
    /// The public number.
    pub id: i64,
    /// The stream.
    pub uuid: Uuid,
    /// Private, room or contextual.
    pub kind: Kind,
    /// The host system's name of a contextual chat.
    pub uid: Option<String>,
    /// Its own name, if it has one.
    pub name: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// The host system's own.
    pub metadata: Option<Value>,
    /// In the order to be shown.
    pub tags: Vec<String>,
    /// Where its picture is.
    pub avatar_url: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom; none when the host system did.
    pub created_by: Option<Person>,
    /// When its name, description, tags or members changed last.
    pub modified_at: DateTime<Utc>,
    /// By whom.
    pub modified_by: Option<Person>,
    /// How many members it has.
    pub member_count: i64,
    /// By number; in a list the first hundred.
    pub members: Vec<Member>,
    /// The newest message.
    pub last_message: Option<Message>,
    /// The viewer's own.
    pub is_pinned: bool,
    /// The viewer's own.
    pub is_unread: bool,
    /// The viewer's own.
    pub is_starred: bool,
    /// The viewer's own.
    pub is_subscribed: bool,
    /// In the trash, for everyone.
    pub is_trashed: bool,
}

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// A user, who sees the conversations they are in.
    User(Uuid),
    /// The host system, which sees all and has no state of its own.
    Key,
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Pinned first, then newest message, then newest created.
    #[default]
    Default,
    /// Public number.
    Id,
    /// The name, derived ones counting as blank.
    Name,
    /// Creation.
    CreatedAt,
    /// Last change.
    ModifiedAt,
    /// Newest message.
    LastMessageAt,
}

/// Which of a member's conversations, in which order, from where to where.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only unread or only read ones.
    pub unread: Option<bool>,
    /// Only contextual ones or only the others.
    pub contextual: Option<bool>,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Part of the name, or of another member's.
    pub q: Option<String>,
    /// Carries this tag, whatever the case.
    pub tag: Option<String>,
    /// Only trashed or only other ones.
    pub trashed: Option<bool>,
    /// The order.
    pub order: Order,
    /// The other way round; the default order has one way only.
    pub descending: bool,
    /// Items at most; 0 with `count` only counts.
    pub top: i64,
    /// Items to leave out at the start.
    pub skip: i64,
    /// Whether to count the whole list.
    pub count: bool,
}

/// A member's place, for commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Seat {
    /// The conversation's stream.
    pub conversation: Uuid,
    /// Which membership of the user it is.
    pub membership: i64,
    /// The newest message's number.
    pub last_message_id: Option<i64>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    uuid: Uuid,
    kind: Json<Kind>,
    uid: Option<String>,
    name: Option<String>,
    description: Option<String>,
    metadata: Option<Value>,
    tags: Vec<String>,
    avatar_url: Option<String>,
    created_at: DateTime<Utc>,
    created_by: Option<Json<Person>>,
    modified_at: DateTime<Utc>,
    modified_by: Option<Json<Person>>,
    member_count: i64,
    members: Json<Vec<Member>>,
    last_message: Option<Json<Message>>,
    is_pinned: bool,
    is_unread: bool,
    is_starred: bool,
    is_subscribed: bool,
    is_trashed: bool,
}

impl From<Row> for View {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            kind: row.kind.0,
            uid: row.uid,
            name: row.name,
            description: row.description,
            metadata: row.metadata,
            tags: row.tags,
            avatar_url: row.avatar_url,
            created_at: row.created_at,
            created_by: row.created_by.map(|json| json.0),
            modified_at: row.modified_at,
            modified_by: row.modified_by.map(|json| json.0),
            member_count: row.member_count,
            members: row.members.0,
            last_message: row.last_message.map(|json| json.0),
            is_pinned: row.is_pinned,
            is_unread: row.is_unread,
            is_starred: row.is_starred,
            is_subscribed: row.is_subscribed,
            is_trashed: row.is_trashed,
        }
    }
}

/// Everything that is shown of the conversations in `chosen (ordinal, uuid, …own flags)`: members, markers,
/// people and newest message are joined to the page, never asked for row by row.
fn view(chosen: &str, members_max: i64) -> String {
    let message = messages::query::COLUMNS;
    format!(
        "with chosen as ({chosen})
         select c.id, c.uuid, to_jsonb(c.kind) as kind, c.uid, c.name, c.description, c.metadata, c.tags,
                c.avatar_url, c.created_at, c.modified_at, c.member_count, c.trashed as is_trashed,
                chosen.is_pinned, chosen.is_unread, chosen.is_starred, chosen.is_subscribed,
                {creator} as created_by, {modifier} as modified_by,
                coalesce(members.list, '[]'::jsonb) as members, newest.message as last_message
         from chosen
         join conversation_list.conversations c on c.uuid = chosen.uuid
         left join directory.users creator on creator.uuid = c.created_by
         left join directory.users modifier on modifier.uuid = c.modified_by
         left join lateral (
             select jsonb_agg(to_jsonb(member) order by member.id) as list
             from (select u.id, u.uuid, u.uid, coalesce(u.name, u.username, u.uid) as display_name,
                          u.avatar_url, s.marker as marked_id, s.marked_at
                   from inbox.seats s
                   join directory.users u on u.uuid = s.user_id
                   where s.conversation = c.uuid
                   order by u.id
                   limit {members_max}) member
         ) members on true
         left join lateral (
             select to_jsonb(found) as message
             from (select {message}
                   from messages.messages m
                   left join directory.users a on a.uuid = m.author
                   where m.id = chosen.newest_id) found
         ) newest on true
         order by chosen.ordinal",
        creator = person("creator"),
        modifier = person("modifier"),
    )
}

fn person(alias: &str) -> String {
    format!(
        "case when {alias}.uuid is not null then jsonb_build_object(
            'id', {alias}.id, 'uid', {alias}.uid,
            'display_name', coalesce({alias}.name, {alias}.username, {alias}.uid),
            'avatar_url', {alias}.avatar_url) end"
    )
}

/// One conversation with all its members, for whoever may see it.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn get(
    pool: &PgPool,
    account: i64,
    viewer: Viewer,
    id: i64,
    trashed_too: bool,
) -> Result<Option<View>, Error> {
    let (user, join) = match viewer {
        Viewer::User(user) => (Some(user), "join"),
        Viewer::Key => (None, "left join"),
    };
    let chosen = format!(
        "select 1 as ordinal, k.uuid, k.newest_id,
                s.pinned is not null as is_pinned, coalesce(s.unread, false) as is_unread,
                coalesce(s.starred, false) as is_starred, coalesce(s.subscribed, false) as is_subscribed
         from inbox.conversations k
         {join} inbox.seats s on s.conversation = k.uuid and s.user_id = $3
         where k.account_id = $1 and k.id = $2 and (not k.trashed or $4)"
    );
    let row: Option<Row> = sqlx::query_as(&view(&chosen, i64::MAX))
        .bind(account)
        .bind(id)
        .bind(user)
        .bind(trashed_too)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("read a conversation"))?;
    Ok(row.map(View::from))
}

/// A page of a member's conversations.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn list(
    pool: &PgPool,
    account: i64,
    user: Uuid,
    filter: &Filter,
) -> Result<Page<View>, Error> {
    let matching = matching(filter);
    let items = if filter.top == 0 {
        vec![]
    } else {
        let rows: Vec<Row> = sqlx::query_as(&page_sql(filter))
            .bind(account)
            .bind(user)
            .bind(filter.kind.map(Kind::as_str))
            .bind(filter.q.as_deref())
            .bind(filter.tag.as_deref())
            .bind(filter.top)
            .bind(filter.skip)
            .fetch_all(pool)
            .await
            .map_err(Error::database("list conversations"))?;
        rows.into_iter().map(View::from).collect()
    };
    let total = if filter.count {
        let total = sqlx::query_scalar(&format!("select count(*) {matching}"))
            .bind(account)
            .bind(user)
            .bind(filter.kind.map(Kind::as_str))
            .bind(filter.q.as_deref())
            .bind(filter.tag.as_deref())
            .fetch_one(pool)
            .await
            .map_err(Error::database("count conversations"))?;
        Some(total)
    } else {
        None
    };
    Ok(Page { items, total })
}

/// For account, user, kind, q, tag, limit and offset.
pub(super) fn page_sql(filter: &Filter) -> String {
    let chosen = format!(
        "select row_number() over () as ordinal, page.*
         from (select s.conversation as uuid, s.newest_id, s.pinned is not null as is_pinned,
                      s.unread as is_unread, s.starred as is_starred, s.subscribed as is_subscribed
               {matching}
               order by {order}
               limit $6 offset $7) page",
        matching = matching(filter),
        order = order(filter)
    );
    view(&chosen, 100)
}

/// Filters that the index answers are written out, so that the planner sees them; text that callers choose is
/// always bound.
fn matching(filter: &Filter) -> String {
    let mut sql = String::from(
        "from inbox.seats s
         join conversation_list.conversations c on c.uuid = s.conversation
         where s.user_id = $2 and c.account_id = $1
           and ($3::text is null or s.kind = $3)
           and ($4::text is null
                or strpos(lower((coalesce(c.name, '')) collate \"und-x-icu\"), lower($4 collate \"und-x-icu\")) > 0
                or exists (select from inbox.seats o
                           join directory.users u on u.uuid = o.user_id
                           where o.conversation = s.conversation
                             and o.user_id <> s.user_id
                             and strpos(lower((coalesce(u.name, u.username, u.uid)) collate \"und-x-icu\"), lower($4 collate \"und-x-icu\")) > 0))
           and ($5::text is null
                or exists (select from unnest(c.tags) tag where lower(tag) = lower($5)))",
    );
    match filter.trashed {
        Some(true) => sql.push_str(" and s.trashed"),
        Some(false) => sql.push_str(" and not s.trashed"),
        None => {}
    }
    match filter.unread {
        Some(true) => sql.push_str(" and s.unread"),
        Some(false) => sql.push_str(" and not s.unread"),
        None => {}
    }
    match filter.contextual {
        Some(true) => sql.push_str(" and s.kind = 'contextual'"),
        Some(false) => sql.push_str(" and s.kind <> 'contextual'"),
        None => {}
    }
    sql
}

fn order(filter: &Filter) -> String {
    let direction = if filter.descending { "desc" } else { "asc" };
    match filter.order {
        Order::Default => {
            "s.pinned desc nulls last, s.newest_id desc nulls last, s.id desc".to_owned()
        }
        Order::Id | Order::CreatedAt => format!("s.id {direction}"),
        Order::Name => {
            format!("lower(coalesce(c.name, '') collate \"und-x-icu\") {direction}, s.id desc")
        }
        Order::ModifiedAt => format!("c.modified_at {direction}, s.id desc"),
        Order::LastMessageAt => format!("s.newest_id {direction} nulls last, s.id desc"),
    }
}

/// A member's place in a conversation that is not in the trash.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn seat(pool: &PgPool, account: i64, user: Uuid, id: i64) -> Result<Option<Seat>, Error> {
    sqlx::query_as(
        "select s.conversation, s.membership, s.newest_id as last_message_id
         from inbox.conversations c
         join inbox.seats s on s.conversation = c.uuid and s.user_id = $2
         where c.account_id = $1 and c.id = $3 and not c.trashed",
    )
    .bind(account)
    .bind(user)
    .bind(id)
    .fetch_optional(pool)
    .await
    .map_err(Error::database("look for a seat"))
}

/// The public number of a conversation.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn number(pool: &PgPool, account: i64, conversation: Uuid) -> Result<Option<i64>, Error> {
    sqlx::query_scalar("select id from inbox.conversations where account_id = $1 and uuid = $2")
        .bind(account)
        .bind(conversation)
        .fetch_optional(pool)
        .await
        .map_err(Error::database("number a conversation"))
}
