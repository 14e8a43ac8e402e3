//! A page of a list in its default order, batched over concurrent requests.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use domain::{AccountPosition, ConversationId, PublicId, UserId};
use sqlx::postgres::PgRow;
use sqlx::{FromRow as _, Row as _};

use super::list::{Filter, UNREAD};
use super::member_state::OWN_COLUMNS;
use super::{MemberState, Views};
use crate::Error;
use crate::memberships::bucket::{self, Wanted};
use crate::memory::Changed;
use crate::readers::Readers;

/// Pages that one statement reads, of up to a hundred items each.
pub(super) const KEYS_MAX: usize = 64;

/// A page of a user's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    user: UserId,
    wanted: Wanted,
    unread: Option<bool>,
    trashed: Option<bool>,
    top: i64,
    skip: i64,
    after: End,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct End {
    /// The account position of its last item's pin; 0 when that is not pinned.
    pinned: AccountPosition,
    is_empty: bool,
    rank: PublicId,
}

impl End {
    /// Before the first item.
    const TOP: Self = Self { pinned: AccountPosition::END, is_empty: false, rank: PublicId::MAX };

    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let pinned: Option<AccountPosition> = row.try_get("pinned")?;
        let (is_empty, rank) = (row.try_get("is_empty")?, row.try_get("rank")?);
        Ok(match pinned {
            Some(pinned) => Self { pinned, ..Self::TOP },
            None => Self { pinned: AccountPosition::START, is_empty, rank },
        })
    }
}

/// A page, and the total of its list.
#[derive(Debug, Default)]
pub(super) struct Found {
    total: i64,
    states: Vec<MemberState>,
    end: Option<End>,
}

impl Found {
    pub(super) fn size(&self) -> usize {
        size_of_val(&self.states[..])
    }
}

impl Views {
    /// The total of a list, and the member states on a page of it.
    pub(super) async fn list_page(
        &self,
        user: UserId,
        filter: &Filter,
    ) -> Result<(i64, Vec<MemberState>), Error> {
        let key = Key {
            user,
            wanted: self.within_served(filter.wanted()),
            unread: filter.unread,
            trashed: filter.trashed,
            top: filter.top,
            skip: filter.skip,
            after: End::TOP,
        };
        let read = self.read_page(key);
        let concerns = |_: &_, changed: &Changed| self.memory.concerns_member(user, changed);
        let page = self.cached(&self.answers.list_pages, key, concerns, read).await?;
        Ok((page.total, page.states.clone()))
    }

    /// Requests that come while a statement is under way share the next one. A page that has to
    /// skip items gets a statement of its own, so that it delays no other.
    async fn read_page(&self, key: Key) -> Result<Arc<Found>, Error> {
        let (list, position) = ((key.user, key.wanted), self.progress.position());
        let known_end = self.list_ends.find(list, key.skip, position);
        let from_end = known_end.map_or(key, |after| Key { skip: 0, after, ..key });
        let found = if from_end.skip == 0 {
            let found = self.list_pages.load(&self.readers, vec![from_end]).await?;
            found.get(&from_end).cloned()
        } else {
            let alone = || fetch(self.readers.clone(), vec![from_end]);
            self.ask("list conversations", alone).await?.remove(&from_end).map(Arc::new)
        };
        let found = found.unwrap_or_default();
        if let Some(end) = found.end {
            let count = key.skip + found.states.len() as i64;
            self.list_ends.note(list, count, position, end);
        }
        Ok(found)
    }
}

pub(super) async fn fetch(
    readers: Readers,
    keys: Vec<Key>,
) -> Result<HashMap<Key, Found>, sqlx::Error> {
    let rows = sqlx::query(&SQL)
        .bind(column(&keys, |key| key.user))
        .bind(column(&keys, |key| key.wanted.mask))
        .bind(column(&keys, |key| key.wanted.value))
        .bind(column(&keys, |key| key.wanted.kind_bits()))
        .bind(column(&keys, |key| key.wanted.own().0))
        .bind(column(&keys, |key| key.wanted.own().1))
        .bind(column(&keys, |key| key.unread))
        .bind(column(&keys, |key| key.trashed))
        .bind(column(&keys, |key| key.top))
        .bind(column(&keys, |key| key.skip))
        .bind(column(&keys, |key| key.after.pinned))
        .bind(column(&keys, |key| Some(key.after.is_empty)))
        .bind(column(&keys, |key| key.after.rank))
        .fetch_all(&readers)
        .await?;
    let mut found: HashMap<Key, Found> = HashMap::with_capacity(keys.len());
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let page = found.entry(keys[place as usize - 1]).or_default();
        page.total = row.try_get("total")?;
        if row.try_get::<Option<ConversationId>, _>("conversation")?.is_some() {
            page.states.push(MemberState::from_row(row)?);
            page.end = Some(End::of(row)?);
        }
    }
    Ok(found)
}

/// One value of each key.
fn column<T>(keys: &[Key], of: fn(&Key) -> T) -> Vec<T> {
    keys.iter().map(of).collect()
}

/// Parameters: an array for each column of `w`. Reads one range of an index for each non-empty
/// bucket, no further than the page needs, and merges them. Large rooms, of which a member has few,
/// are joined. A page without items yields one row, which only carries the total.
pub(super) static SQL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select w.place, page.*
         from unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::smallint[], $5::smallint[],
                     $6::smallint[], $7::boolean[], $8::boolean[], $9::bigint[], $10::bigint[],
                     $11::bigint[], $12::boolean[], $13::bigint[]) with ordinality
              as w (user_id, mask, value, kinds, own_mask, own_value, unread, trashed, top,
                    skip, after_pinned, after_is_empty, after_rank, place)
         cross join lateral (
             with chosen as materialized (
                 select k.bucket, k.bucket & {EMPTY} > 0 as is_empty, k.memberships
                 from membership_counts k
                 where k.user_id = w.user_id
                   and k.memberships > 0
                   and k.bucket < {LARGE}
                   and k.bucket & w.mask = w.value
                   and (1 << ((k.bucket >> 6) & 3)) & w.kinds > 0
             ), large as materialized (
                 select {OWN_COLUMNS}, coalesce(c.newest_id, c.number) as rank,
                        c.newest_id is null as is_empty
                 from memberships m
                 join conversations c on c.uuid = m.conversation
                 where m.user_id = w.user_id
                   and m.bucket >= {LARGE}
                   and m.bucket & w.own_mask = w.own_value
                   and (1 << m.kind) & w.kinds > 0
                   and (w.unread is null or {UNREAD} = w.unread)
                   and (w.trashed is null or c.trashed = w.trashed)
             ), found as (
                 select p.*, b.is_empty
                 from chosen b
                 cross join lateral (
                     select {OWN_COLUMNS}, m.rank
                     from memberships m
                     where m.user_id = w.user_id and m.bucket = b.bucket
                       and m.pinned < w.after_pinned
                     order by m.pinned desc
                     limit w.top + w.skip) p
                 where b.bucket & {PINNED} > 0
                 union all
                 select r.*, b.is_empty
                 from chosen b
                 cross join lateral (
                     select {OWN_COLUMNS}, m.rank
                     from memberships m
                     where m.user_id = w.user_id
                       and m.bucket = b.bucket
                       and m.rank < case
                           when b.is_empty = w.after_is_empty then w.after_rank
                           when w.after_is_empty then 0
                           else {LAST}
                       end
                     order by m.rank desc
                     limit w.top + w.skip) r
                 where b.bucket & {PINNED} = 0
                 union all
                 select *
                 from large l
                 where case
                     when l.pinned is not null then l.pinned < w.after_pinned
                     when l.is_empty = w.after_is_empty then l.rank < w.after_rank
                     else l.is_empty
                 end
             ), page as (
                 select *
                 from found
                 order by pinned desc nulls last, is_empty, rank desc
                 limit w.top offset w.skip
             )
             select (coalesce((select sum(memberships) from chosen), 0)
                     + (select count(*) from large))::bigint as total,
                    p.*, c.revision as conversation_revision
             from (select) one
             left join (page p
                        join conversations c on c.uuid = p.conversation) on true) page
         order by w.place, page.pinned desc nulls last, page.is_empty, page.rank desc",
        LARGE = bucket::LARGE,
        EMPTY = bucket::EMPTY,
        PINNED = bucket::PINNED,
        LAST = i64::MAX,
    )
});
