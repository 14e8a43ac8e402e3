use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{ContactId, InboxId, PublicId};
use sqlx::{Postgres, QueryBuilder};

use super::matching::{is_searched, matching, narrow};
use super::ranges::{PAGE, Ranges, keys};
use super::rows::{CONVERSATION_JOINS, conversation_columns};
use super::{Assignee, Desk, Filter, Order, SUPPORT, SupportConversation};
use crate::memory::Changed;
use crate::views::answer_caches::concerns_desk;
use crate::{Error, Views};

/// A page of a list: the key of the cached answer, which callers who see the same share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::views) struct Question {
    ranges: Arc<Ranges>,
    skip: i64,
}

/// Later than every event.
const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};

impl Views {
    /// A page of the support conversations that the caller sees.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_list(
        &self,
        desk: &Desk,
        filter: &Filter,
    ) -> Result<Arc<[SupportConversation]>, Error> {
        self.progress.require(SUPPORT)?;
        if filter.assignee == Assignee::Me && desk.user.is_none() {
            return Ok([].into());
        }
        let is_searched = is_searched(filter) || filter.updated_since.is_some();
        let ranges = match is_searched {
            true => None,
            false => Ranges::new(desk, filter, self.inboxes_for(desk, filter).await?),
        };
        if let Some(ranges) = ranges {
            let skip = filter.page.saturating_mul(PAGE);
            let question = Question { ranges: Arc::new(ranges), skip };
            let read = self.merged(desk, question.ranges.clone(), skip);
            let concerns = |_: &Arc<[_]>, changed: &Changed| concerns_desk(changed);
            let list = self.cached(&self.answers.support_lists, question.clone(), concerns, read);
            let list = list.await?;
            self.readers.count(list.iter().map(SupportConversation::size).sum()).await?;
            return Ok(list);
        }
        let list = || async { matching_list(desk, filter).build().fetch_all(&self.readers).await };
        let rows = self.ask("list conversations", list).await?;
        Ok(self.with_agents(&rows).await?.into())
    }

    async fn merged(
        &self,
        desk: &Desk,
        ranges: Arc<Ranges>,
        skip: i64,
    ) -> Result<Arc<[SupportConversation]>, Error> {
        let revision = self.progress.account_position(desk.account).await?;
        let start = match ranges.has_start() {
            true => self.support_ends.find(ranges.clone(), skip, revision),
            false => None,
        };
        let sql = list_sql(&ranges);
        let list = || async {
            let list = sqlx::query(&sql)
                .bind(desk.account)
                .bind(&ranges.of)
                .bind(&ranges.buckets)
                .bind(PAGE)
                .bind(if start.is_some() { 0 } else { skip });
            let list = match ranges.has_start() {
                true => {
                    let (time, number) = start.unwrap_or((END_OF_TIME, PublicId::MAX));
                    list.bind(time).bind(number)
                }
                false => list,
            };
            let list = match &ranges.inboxes {
                Some(inboxes) => list.bind(inboxes),
                None => list,
            };
            let list = match ranges.team {
                Some(team) => list.bind(team),
                None => list,
            };
            list.fetch_all(&self.readers).await
        };
        let rows = self.ask("list conversations", list).await?;
        let shown = self.with_agents(&rows).await?;
        if ranges.has_start()
            && let (Some(first), Some(last)) = (shown.first(), shown.last())
        {
            let (begin, end) = (skip, skip + shown.len() as i64);
            let after = (last.last_activity_at, PublicId::new(last.number.get() - 1));
            self.support_ends.note(
                ranges.clone(),
                begin,
                revision,
                (first.last_activity_at, first.number),
            );
            self.support_ends.note(ranges, end, revision, after);
        }
        Ok(shown.into())
    }

    /// The conversations of a contact that the caller sees, newest activity first.
    ///
    /// # Errors
    /// When PostgreSQL fails or a read model is stopped.
    pub async fn support_list_of_contact(
        &self,
        desk: &Desk,
        contact: ContactId,
        limit: i64,
    ) -> Result<Vec<SupportConversation>, Error> {
        self.progress.require(SUPPORT)?;
        let sql = of_contact_sql();
        let rows = self.ask("list the conversations of a contact", || async {
            sqlx::query(&sql)
                .bind(desk.account)
                .bind(contact)
                .bind(&desk.inboxes)
                .bind(limit)
                .fetch_all(&self.readers)
                .await
        });
        self.with_agents(&rows.await?).await
    }

    /// All inboxes of the account, if the caller sees all and no index covers the account in this
    /// order.
    async fn inboxes_for(
        &self,
        desk: &Desk,
        filter: &Filter,
    ) -> Result<Option<Vec<InboxId>>, Error> {
        let by_activity = matches!(filter.order, Order::Activity | Order::ActivityAscending);
        let is_narrow = filter.assignee == Assignee::Me || filter.team.is_some();
        if by_activity || is_narrow || desk.inboxes.is_some() || filter.inbox.is_some() {
            return Ok(None);
        }
        let all = self.ask("list inboxes", || async {
            sqlx::query_scalar("select uuid from inboxes where account_id = $1 order by number")
                .bind(desk.account)
                .fetch_all(&self.readers)
                .await
        });
        Ok(Some(all.await?))
    }
}

/// Parameters: account, scopes, buckets, limit, offset, then those of start, inboxes and team that
/// apply.
pub(in crate::views) fn list_sql(ranges: &Ranges) -> String {
    shown(&ranges.sql())
}

/// Selects what is shown of the conversations whose numbers `found` yields, in its order. The
/// account is `$1`.
fn shown(found: &str) -> String {
    format!(
        "with page as materialized (
             select number, row_number() over () as place from ({found}) found
         )
         select {}
         from page p
         join support_conversations c on c.account_id = $1 and c.number = p.number
         {CONVERSATION_JOINS}
         where $2::uuid[] is not null
         order by p.place",
        conversation_columns()
    )
}

/// A list that needs a search, or that is not paged.
pub(in crate::views) fn matching_list<'a>(
    desk: &'a Desk,
    filter: &'a Filter,
) -> QueryBuilder<'a, Postgres> {
    let keys = keys(filter.order);
    let mut sql = matching(desk, filter);
    narrow(&mut sql, desk, filter);
    sql.push("), page as materialized (select number, row_number() over () as place from (select ");
    sql.push(keys.columns).push(" from matching order by ").push(keys.order);
    if filter.updated_since.is_none() {
        sql.push(" limit ").push_bind(PAGE);
        sql.push(" offset ").push_bind(filter.page.saturating_mul(PAGE));
    }
    sql.push(format!(
        ") sorted)
         select {}
         from page p
         join support_conversations c on c.number = p.number and c.account_id = ",
        conversation_columns()
    ));
    sql.push_bind(desk.account).push(" ").push(CONVERSATION_JOINS).push(" order by p.place");
    sql
}

/// Parameters: account, contact, inboxes, limit.
pub(in crate::views) fn of_contact_sql() -> String {
    format!(
        "with found as materialized (
             select *
             from support_conversations
             where contact = $2
         ), page as materialized (
             select *
             from found
             where account_id = $1 and ($3::uuid[] is null or inbox = any($3))
             order by last_activity_at desc, number desc
             limit $4
         )
         select {}
         from page c
         {CONVERSATION_JOINS}
         order by c.last_activity_at desc, c.number desc",
        conversation_columns()
    )
}
