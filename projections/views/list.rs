use domain::UserId;
use domain::conversation::Kind;

use super::member_state::{COLUMNS, page};
use super::{MemberState, SHOWN, View, Views};
use crate::memberships::bucket::{self, Wanted};
use crate::{Error, Page};

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Pinned first, then newest message, then newest created.
    #[default]
    Default,
    Id,
    /// The name; without a name of its own, a conversation sorts as blank.
    Name,
    CreatedAt,
    ModifiedAt,
    LastMessageAt,
}

/// Filters, order and bounds of a page of a member's conversations.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of these kinds.
    pub kinds: Vec<Kind>,
    /// Only unread or only read ones; `None` for both.
    pub unread: Option<bool>,
    /// Part of the conversation's name or of another member's.
    pub q: Option<String>,
    /// Carries this tag, ignoring case.
    pub tag: Option<String>,
    /// Only trashed or only other ones; `None` for both.
    pub trashed: Option<bool>,
    pub order: Order,
    /// Reverses the order; ignored by the default order.
    pub descending: bool,
    /// Maximum number of items; with 0 the answer is only the total.
    pub top: i64,
    /// Number of items to skip.
    pub skip: i64,
}

impl Filter {
    pub(super) fn wanted(&self) -> Wanted {
        Wanted::of(self.kinds.iter().copied())
            .with(bucket::UNREAD, self.unread)
            .with(bucket::TRASHED, self.trashed)
    }

    /// Whether an index yields the page, and kept counts the total.
    fn is_indexed(&self) -> bool {
        self.order == Order::Default && self.q.is_none() && self.tag.is_none()
    }
}

impl Views {
    /// A page of a member's conversations.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn list(&self, user: UserId, filter: &Filter) -> Result<Page<View>, Error> {
        self.progress.require(SHOWN)?;
        let (total, states) = match filter.is_indexed() {
            true => self.list_page(user, filter).await?,
            false => self.sorted(user, filter).await?,
        };
        let items = self.views(self.all_seen(states).await?).await?;
        Ok(Page { items, total: Some(total) })
    }

    async fn sorted(
        &self,
        user: UserId,
        filter: &Filter,
    ) -> Result<(i64, Vec<MemberState>), Error> {
        let rows = self.ask("list conversations", || async {
            sqlx::query(&sorted_sql(filter))
                .bind(user)
                .bind(self.within_served(filter.wanted()).kinds())
                .bind(filter.unread)
                .bind(filter.trashed)
                .bind(filter.top)
                .bind(filter.skip)
                .bind(filter.q.as_deref())
                .bind(filter.tag.as_deref())
                .fetch_all(&self.readers)
                .await
        });
        page(&rows.await?).map_err(Error::database("list conversations"))
    }
}

/// Whether there is something to read, for a row `m` of memberships and its conversation `c`.
pub(super) const UNREAD: &str = "(m.marked_unread
    or coalesce(newest_by_others(c, m.user_id), 0) > coalesce(m.marker, 0))";

/// Parameters: user, kinds, unread, trashed, limit, offset, q, tag. Reads all of the member's own
/// rows and sorts them.
pub(super) fn sorted_sql(filter: &Filter) -> String {
    let direction = if filter.descending { "desc" } else { "asc" };
    let order = match filter.order {
        Order::Default => {
            "pinned desc nulls last, is_empty, newest_id desc nulls last, number desc".to_owned()
        }
        Order::Id | Order::CreatedAt => format!("number {direction}"),
        Order::Name => {
            format!("fold(coalesce(name, '')) collate \"und-x-icu\" {direction}, number desc")
        }
        Order::ModifiedAt => format!("modified_at {direction}, number desc"),
        Order::LastMessageAt => format!("newest_id {direction} nulls last, number desc"),
    };
    format!(
        "with matching as materialized (
             select m.conversation, m.pinned, c.newest_id is null as is_empty, c.newest_id,
                    c.number, c.name, c.modified_at
             from memberships m
             join conversations c on c.uuid = m.conversation
             where m.user_id = $1
               and m.kind = any($2)
               and ($3::boolean is null or {UNREAD} = $3)
               and ($4::boolean is null or c.trashed = $4)
               and ($7::text is null or {NAMED})
               and ($8::text is null
                    or exists (select from unnest(c.tags) tag where fold(tag) = fold($8)))
         ), page as materialized (
             select row_number() over () as place, sorted.conversation
             from (select * from matching order by {order} limit $5 offset $6) sorted
         )
         select (select count(*) from matching) as total, {COLUMNS}
         from (select) one
         left join (page p
                    join memberships m on m.user_id = $1 and m.conversation = p.conversation
                    join conversations c on c.uuid = p.conversation) on true
         order by p.place"
    )
}

/// The conversation's or another member's name contains `$7`, ignoring case and accents.
const NAMED: &str = "(
    strpos(unaccented(coalesce(c.name, '')), (select unaccented($7))) > 0
    or exists (select from members o
               join users u on u.uuid = o.user_id
               where o.conversation = m.conversation
                 and o.user_id <> m.user_id
                 and strpos(unaccented(coalesce(u.name, u.username, u.uid)),
                            (select unaccented($7))) > 0))";
