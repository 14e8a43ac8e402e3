//! A member's conversations by their latest change that all members see, with filters, orders and
//! pages by offset.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::conversation::Kind;
use domain::{ConversationId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use super::member_state::{COLUMNS, Seen, page};
use super::{MemberState, SHOWN, Views};
use crate::memberships::bucket::{self, Wanted};
use crate::memory::Conversation;
use crate::{Error, Page};

/// A conversation as its member lists it.
#[derive(Debug, Clone)]
pub struct Chat {
    /// The state that all viewers share.
    pub conversation: Arc<Conversation>,
    /// The member's own state.
    pub state: MemberState,
    /// The other member of a private chat.
    pub other: Option<UserId>,
}

/// What a chat can be filtered and ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Conversation,
    /// The other member of a private chat.
    Other,
    /// Who started a private chat.
    First,
    /// Whom it was started with.
    Second,
    CreatedAt,
    /// The latest change that all members see.
    ChangedAt,
    Name,
}

impl Column {
    fn sql(self) -> &'static str {
        match self {
            Self::Conversation => "m.conversation",
            Self::Other => "s.other",
            Self::First => "c.created_by",
            Self::Second => "case when c.created_by = m.user_id then s.other else m.user_id end",
            Self::CreatedAt => "date_trunc('milliseconds', c.created_at)",
            Self::ChangedAt => "c.changed_at",
            Self::Name => "c.name collate \"und-x-icu\"",
        }
    }
}

/// Filters, order and bounds of a page of chats.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Part of the other member's shown name or uid, ignoring case.
    pub peer: Option<String>,
    /// Each column has one of its values; all of the filters have to match.
    pub filters: Vec<(Column, Vec<Uuid>)>,
    /// Each column, and whether descending; ties are ordered by conversation id. Empty: the latest
    /// changed first.
    pub order: Vec<(Column, bool)>,
    /// Maximum number of items.
    pub limit: i64,
    /// Number of items to skip.
    pub offset: i64,
}

impl Choice {
    fn is_indexed(&self) -> bool {
        let default_order = self.order.is_empty() || self.order == [(Column::ChangedAt, true)];
        default_order && self.peer.is_none() && self.filters.is_empty()
    }
}

impl Views {
    /// The chats of a user that are not in the trash.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn chats(&self, user: UserId, choice: &Choice) -> Result<Page<Chat>, Error> {
        self.progress.require(SHOWN)?;
        let rows = match choice.is_indexed() {
            true => self.indexed_chats(user, choice).await?,
            false => {
                let kinds = self.numbers_of_served(&choice.kinds);
                let sorted = || async {
                    sorted(user, choice, kinds.clone()).build().fetch_all(&self.readers).await
                };
                self.ask("list chats", sorted).await?
            }
        };
        let (total, states) = page(&rows).map_err(Error::database("list chats"))?;
        let seen = self.all_seen(states).await?;
        Ok(Page { items: self.chats_of_seen(user, seen).await?, total: Some(total) })
    }

    async fn indexed_chats(&self, user: UserId, choice: &Choice) -> Result<Vec<PgRow>, Error> {
        let list = (user, self.within_served(Wanted::of(choice.kinds.iter().copied())));
        let position = self.progress.position();
        let end = self.chat_ends.find(list, choice.offset, position);
        let skip = if end.is_some() { 0 } else { choice.offset };
        let end = end.unwrap_or_default();
        let found = self.ask("list chats", || async {
            sqlx::query(&indexed_sql())
                .bind(user)
                .bind(list.1.kinds())
                .bind(choice.limit)
                .bind(skip)
                .bind(end.changed_at)
                .bind(end.conversation)
                .fetch_all(&self.readers)
                .await
        });
        let rows: Vec<PgRow> = found.await?;
        let end = rows.last().map(ChatEnd::of).transpose();
        if let Some(end) = end.map_err(Error::database("list chats"))?.flatten() {
            self.chat_ends.note(list, choice.offset + rows.len() as i64, position, end);
        }
        Ok(rows)
    }

    /// Those of the given chats that a user has and that are not in the trash, in the given order.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn chats_of(&self, user: UserId, ids: &[ConversationId]) -> Result<Vec<Chat>, Error> {
        self.progress.require(SHOWN)?;
        let keys = ids.iter().map(|conversation| (user, *conversation)).collect();
        let found = self.states.load(&self.readers, keys).await?;
        let states =
            ids.iter().filter_map(|id| Some((**found.get(&(user, *id))?).clone())).collect();
        let mut seen = self.all_seen(states).await?;
        seen.retain(|seen| !seen.conversation.trashed);
        self.chats_of_seen(user, seen).await
    }

    async fn chats_of_seen(&self, user: UserId, seen: Vec<Seen>) -> Result<Vec<Chat>, Error> {
        let others = self.others(user, seen.iter().map(|seen| &*seen.conversation)).await?;
        let chats = seen.into_iter().map(|Seen { conversation, state }| {
            let other = others.get(&conversation.uuid).copied();
            Chat { conversation, state, other }
        });
        Ok(chats.collect())
    }
}

/// Where a page ended, in the default order; before the first item when there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChatEnd {
    changed_at: Option<DateTime<Utc>>,
    conversation: Option<ConversationId>,
}

impl ChatEnd {
    /// `None` for a row that only carries the total.
    fn of(row: &PgRow) -> Result<Option<Self>, sqlx::Error> {
        let (changed_at, conversation) =
            (row.try_get("page_changed_at")?, row.try_get("conversation")?);
        Ok(Some(Self { changed_at, conversation }).filter(|end| end.conversation.is_some()))
    }
}

/// Parameters: user, kinds, limit, offset, and the end of the page before. Reads one range of an
/// index for each kind, no further than the page needs. Large rooms, of which a member has few, are
/// joined.
pub(super) fn indexed_sql() -> String {
    format!(
        "with large as materialized (
             select m.conversation, c.changed_at
             from memberships m
             join conversations c on c.uuid = m.conversation
             where m.user_id = $1
               and m.bucket >= {LARGE}
               and m.kind = any($2)
               and not c.trashed
         ), page as materialized (
             select found.*
             from (select r.conversation, r.changed_at
                   from unnest($2::smallint[]) as k (number)
                   cross join lateral (
                       select m.conversation, m.changed_at
                       from memberships m
                       where m.user_id = $1
                         and (m.bucket & 480) = k.number * 64
                         and m.changed_at <= coalesce($5, 'infinity')
                         and ($6::uuid is null or m.changed_at < $5 or m.conversation > $6)
                       order by m.changed_at desc, m.conversation
                       limit $3::bigint + $4::bigint) r
                   union all
                   select l.*
                   from large l
                   where $6::uuid is null
                      or l.changed_at < $5
                      or (l.changed_at = $5 and l.conversation > $6)) found
             order by found.changed_at desc, found.conversation
             limit $3 offset $4
         )
         select (coalesce((select sum(k.memberships)
                           from membership_counts k
                           where k.user_id = $1
                             and k.bucket < {LARGE}
                             and k.bucket & {TRASHED} = 0
                             and (k.bucket >> 6) & 3 = any($2)), 0)
                 + (select count(*) from large))::bigint as total,
                p.changed_at as page_changed_at, {COLUMNS}
         from (select) one
         left join (page p
                    join memberships m on m.user_id = $1 and m.conversation = p.conversation
                    join conversations c on c.uuid = p.conversation) on true
         order by p.changed_at desc, p.conversation",
        LARGE = bucket::LARGE,
        TRASHED = bucket::TRASHED,
    )
}

/// For any filter and order: reads all of the member's own rows and sorts them.
pub(super) fn sorted(user: UserId, choice: &Choice, kinds: Vec<i16>) -> QueryBuilder<'_, Postgres> {
    let mut sql = QueryBuilder::new(
        "with matching as materialized (
             select m.user_id, m.conversation, row_number() over (order by ",
    );
    for (column, descending) in &choice.order {
        let direction = if *descending { "desc" } else { "asc" };
        // PostgreSQL puts nulls first when descending; conversations without a name always come
        // last.
        let nulls = if *column == Column::Name { " nulls last" } else { "" };
        sql.push(format!("{} {direction}{nulls}, ", column.sql()));
    }
    if choice.order.is_empty() {
        sql.push("c.changed_at desc, ");
    }
    sql.push(
        "m.conversation) as place
         from memberships m
         join members s on s.conversation = m.conversation and s.user_id = m.user_id
         join conversations c on c.uuid = m.conversation
         where not c.trashed and m.user_id = ",
    )
    .push_bind(user);
    sql.push(" and m.kind = any(").push_bind(kinds).push(")");
    matching(&mut sql, choice);
    sql.push(") select (select count(*) from matching) as total, ").push(COLUMNS);
    sql.push(
        " from (select) one
         left join ((select * from matching order by place limit ",
    );
    sql.push_bind(choice.limit).push(" offset ").push_bind(choice.offset);
    sql.push(
        ") p
         join memberships m on m.user_id = p.user_id and m.conversation = p.conversation
         join conversations c on c.uuid = p.conversation) on true
         order by p.place",
    );
    sql
}

fn matching<'a>(sql: &mut QueryBuilder<'a, Postgres>, choice: &'a Choice) {
    if let Some(peer) = &choice.peer {
        let pattern = format!("%{}%", escaped(peer));
        sql.push(
            " and s.other in (select u.uuid from users u
                              where fold(coalesce(u.name, u.username, u.uid))
                                    like fold(",
        )
        .push_bind(pattern.clone())
        .push(") or fold(u.uid) like fold(")
        .push_bind(pattern)
        .push("))");
    }
    for (column, values) in &choice.filters {
        sql.push(format!(" and {} = any(", column.sql())).push_bind(values).push(")");
    }
}

/// Escapes the pattern characters of `like`.
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
