use domain::conversation::Kind;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::member_state::{COLUMNS, page};
use super::{SHOWN, View, Views};
use crate::memberships::bucket::{self, Wanted};
use crate::{Error, Page};

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
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Only unread or only read ones.
    pub unread: Option<bool>,
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
    /// Items at most; with 0 it is only counted.
    pub top: i64,
    /// Items to leave out at the start.
    pub skip: i64,
}

impl Filter {
    pub(super) fn wanted(&self) -> Wanted {
        Wanted::of(self.kinds.iter().copied())
            .with(bucket::UNREAD, self.unread)
            .with(bucket::TRASHED, self.trashed)
    }

    /// Whether the page is a range of an index, and its length kept.
    fn is_indexed(&self) -> bool {
        self.order == Order::Default && self.q.is_none() && self.tag.is_none()
    }
}

/// Where a page ended, in the default order.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    /// The pin of its last item; 0 when that is not pinned.
    pinned: i64,
    is_empty: bool,
    rank: i64,
}

impl End {
    /// Before the first item.
    const TOP: Self = Self { pinned: i64::MAX, is_empty: false, rank: i64::MAX };

    /// `None` for a row that only says how long the list is.
    fn of(row: &PgRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(rank) = row.try_get("page_rank")? else { return Ok(None) };
        let pinned: Option<i64> = row.try_get("page_pinned")?;
        Ok(Some(match pinned {
            Some(pinned) => Self { pinned, ..Self::TOP },
            None => Self { pinned: 0, is_empty: row.try_get("page_is_empty")?, rank },
        }))
    }
}

impl Views {
    /// A page of a member's conversations.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn list(&self, user: Uuid, filter: &Filter) -> Result<Page<View>, Error> {
        self.progress.require(SHOWN)?;
        let rows = match filter.is_indexed() {
            true => self.indexed(user, filter).await?,
            false => self.sorted(user, filter).await?,
        };
        let (total, states) = page(&rows).map_err(Error::database("list conversations"))?;
        let items = self.views(self.all_seen(states).await?).await?;
        Ok(Page { items, total: Some(total) })
    }

    async fn indexed(&self, user: Uuid, filter: &Filter) -> Result<Vec<PgRow>, Error> {
        let (wanted, position) = (filter.wanted(), self.progress.position());
        let (own_mask, own_value) = wanted.own();
        let end = self.list_ends.find((user, wanted), filter.skip, position);
        let skip = if end.is_some() { 0 } else { filter.skip };
        let end = end.unwrap_or(End::TOP);
        let found = self.ask("list conversations", || async {
            sqlx::query(&indexed_sql())
                .bind(user)
                .bind(wanted.mask)
                .bind(wanted.value)
                .bind(wanted.kinds())
                .bind(filter.top)
                .bind(skip)
                .bind(own_mask)
                .bind(own_value)
                .bind(filter.unread)
                .bind(filter.trashed)
                .bind(end.pinned)
                .bind(end.is_empty)
                .bind(end.rank)
                .fetch_all(&self.readers)
                .await
        });
        let rows: Vec<PgRow> = found.await?;
        let end = rows.last().map(End::of).transpose();
        if let Some(end) = end.map_err(Error::database("list conversations"))?.flatten() {
            let count = filter.skip + rows.len() as i64;
            self.list_ends.note((user, wanted), count, position, end);
        }
        Ok(rows)
    }

    async fn sorted(&self, user: Uuid, filter: &Filter) -> Result<Vec<PgRow>, Error> {
        self.ask("list conversations", || async {
            sqlx::query(&sorted_sql(filter))
                .bind(user)
                .bind(filter.wanted().kinds())
                .bind(filter.unread)
                .bind(filter.trashed)
                .bind(filter.top)
                .bind(filter.skip)
                .bind(filter.q.as_deref())
                .bind(filter.tag.as_deref())
                .fetch_all(&self.readers)
                .await
        })
        .await
    }
}

/// Whether something waits to be read, for a row `m` of memberships and its conversation `c`.
pub(super) const UNREAD: &str = "(m.marked_unread
    or coalesce(conversations.newest_by_others(c, m.user_id), 0) > coalesce(m.marker, 0))";

/// For user, mask and value of the bucket, kinds, limit and offset, mask and value of a large room's bucket, unread
/// and trashed, and the end of the page before. Each bucket that has any is a range of one index, read no further than
/// the page needs; they are merged. Large rooms, of which a member has few, are joined.
pub(super) fn indexed_sql() -> String {
    format!(
        "with wanted as materialized (
             select k.bucket, k.memberships
             from memberships.counts k
             where k.user_id = $1
               and k.memberships > 0
               and k.bucket < {LARGE}
               and k.bucket & $2 = $3
               and (k.bucket >> 6) & 3 = any($4)
         ), large as materialized (
             select m.conversation, m.pinned, c.newest_id is null as is_empty,
                    coalesce(c.newest_id, c.number) as rank
             from memberships.memberships m
             join conversations.conversations c on c.uuid = m.conversation
             where m.user_id = $1
               and m.bucket >= {LARGE}
               and m.bucket & $7 = $8
               and m.kind = any($4)
               and ($9::boolean is null or {UNREAD} = $9)
               and ($10::boolean is null or c.trashed = $10)
         ), page as materialized (
             select found.*
             from (select p.conversation, p.pinned, w.bucket & {EMPTY} > 0 as is_empty, p.rank
                   from wanted w
                   cross join lateral (
                       select m.conversation, m.pinned, m.rank
                       from memberships.memberships m
                       where m.user_id = $1 and m.bucket = w.bucket and m.pinned < $11
                       order by m.pinned desc
                       limit $5::bigint + $6::bigint) p
                   where w.bucket & {PINNED} > 0
                   union all
                   select r.conversation, null, w.bucket & {EMPTY} > 0, r.rank
                   from wanted w
                   cross join lateral (
                       select m.conversation, m.rank
                       from memberships.memberships m
                       where m.user_id = $1
                         and m.bucket = w.bucket
                         and m.rank < case
                             when (w.bucket & {EMPTY} > 0) = $12 then $13
                             when $12 then 0
                             else {LAST}
                         end
                       order by m.rank desc
                       limit $5::bigint + $6::bigint) r
                   where w.bucket & {PINNED} = 0
                   union all
                   select *
                   from large l
                   where case
                       when l.pinned is not null then l.pinned < $11
                       when l.is_empty = $12 then l.rank < $13
                       else l.is_empty
                   end) found
             order by found.pinned desc nulls last, found.is_empty, found.rank desc
             limit $5 offset $6
         )
         select (coalesce((select sum(memberships) from wanted), 0)
                 + (select count(*) from large))::bigint as total,
                p.pinned as page_pinned, p.is_empty as page_is_empty, p.rank as page_rank, {COLUMNS}
         from (select) one
         left join (page p
                    join memberships.memberships m on m.user_id = $1 and m.conversation = p.conversation
                    join conversations.conversations c on c.uuid = p.conversation) on true
         order by p.pinned desc nulls last, p.is_empty, p.rank desc",
        LARGE = bucket::LARGE,
        EMPTY = bucket::EMPTY,
        PINNED = bucket::PINNED,
        LAST = i64::MAX,
    )
}

/// For user, kinds, unread, trashed, limit, offset, q and tag. It reads the member's own rows, and sorts them.
pub(super) fn sorted_sql(filter: &Filter) -> String {
    let direction = if filter.descending { "desc" } else { "asc" };
    let order = match filter.order {
        Order::Default => {
            "pinned desc nulls last, is_empty, newest_id desc nulls last, number desc".to_owned()
        }
        Order::Id | Order::CreatedAt => format!("number {direction}"),
        Order::Name => {
            format!("lower(coalesce(name, '') collate \"und-x-icu\") {direction}, number desc")
        }
        Order::ModifiedAt => format!("modified_at {direction}, number desc"),
        Order::LastMessageAt => format!("newest_id {direction} nulls last, number desc"),
    };
    format!(
        "with matching as materialized (
             select m.conversation, m.pinned, c.newest_id is null as is_empty, c.newest_id, c.number, c.name,
                    c.modified_at
             from memberships.memberships m
             join conversations.conversations c on c.uuid = m.conversation
             where m.user_id = $1
               and m.kind = any($2)
               and ($3::boolean is null or {UNREAD} = $3)
               and ($4::boolean is null or c.trashed = $4)
               and ($7::text is null or {NAMED})
               and ($8::text is null
                    or exists (select from unnest(c.tags) tag where lower(tag) = lower($8)))
         ), page as materialized (
             select row_number() over () as place, sorted.conversation
             from (select * from matching order by {order} limit $5 offset $6) sorted
         )
         select (select count(*) from matching) as total, {COLUMNS}
         from (select) one
         left join (page p
                    join memberships.memberships m on m.user_id = $1 and m.conversation = p.conversation
                    join conversations.conversations c on c.uuid = p.conversation) on true
         order by p.place"
    )
}

/// The name, or another member's, has `$7` in it.
const NAMED: &str = "(
    strpos(lower(coalesce(c.name, '') collate \"und-x-icu\"), lower($7 collate \"und-x-icu\")) > 0
    or exists (select from memberships.members o
               join directory.users u on u.uuid = o.user_id
               where o.conversation = m.conversation
                 and o.user_id <> m.user_id
                 and strpos(lower(coalesce(u.name, u.username, u.uid) collate \"und-x-icu\"),
                            lower($7 collate \"und-x-icu\")) > 0))";
