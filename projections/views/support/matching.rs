//! Searches for conversations: the index of the most selective condition finds candidates, and the
//! other conditions are compared.

use domain::InboxId;
use sqlx::{Postgres, QueryBuilder};

use super::ranges::{UNASSIGNED, seen, status_number};
use super::{Assignee, Desk, Filter};
use crate::views::search::is_indexed;

/// Newest messages of an account that are scanned when the index cannot serve a search.
const LOOKED_THROUGH_MAX: i64 = 50_000;

/// Whether a filter needs a search.
pub(in crate::views) fn is_searched(filter: &Filter) -> bool {
    filter.q.is_some()
        || !filter.labels.is_empty()
        || filter.source_id.is_some()
        || filter.unattended
}

/// `with matching as …`: the narrow rows of the conversations that match, with any assignee.
pub(in crate::views) fn matching<'a>(
    desk: &'a Desk,
    filter: &'a Filter,
) -> QueryBuilder<'a, Postgres> {
    let mut sql = QueryBuilder::new("with ");
    let is_found = found(&mut sql, desk, filter);
    sql.push("matching as materialized (select o.* from ");
    if is_found {
        sql.push("found f ").push(LOOK_UP);
        sql.push("support_order o where o.number = f.number and o.account_id = ");
        sql.push_bind(desk.account).push(" offset 0) o where true");
    } else {
        sql.push("support_order o where o.account_id = ").push_bind(desk.account);
    }
    if filter.unattended {
        sql.push(" and o.unattended");
    }
    let inboxes: Option<Vec<InboxId>> = seen(desk, filter);
    if let Some(inboxes) = inboxes {
        sql.push(" and o.inbox = any(").push_bind(inboxes).push(")");
    }
    if let Some(status) = filter.status {
        sql.push(" and o.status = ").push_bind(status_number(status));
    }
    if let Some(team) = filter.team {
        sql.push(" and o.team = ").push_bind(team);
    }
    sql
}

/// Looks up one row for each that was found. `offset 0` keeps the planner from flattening the
/// subquery: it does not know how few were found, and might scan all of the account's rows for
/// each.
const LOOK_UP: &str = "cross join lateral (select * from ";

/// `found as …,`: the numbers of conversations that match the text, labels and source id; false if
/// the filter has none of these.
fn found<'a>(sql: &mut QueryBuilder<'a, Postgres>, desk: &'a Desk, filter: &'a Filter) -> bool {
    if filter.q.is_none() && filter.labels.is_empty() && filter.source_id.is_none() {
        return false;
    }
    match &filter.q {
        Some(q) => {
            sql.push("matches as materialized (select distinct conversation from ");
            message_matches(sql, desk, q);
            sql.push("), found as materialized (select c.number from matches s ").push(LOOK_UP);
            sql.push("support_conversations c where c.conversation = s.conversation offset 0) c");
            sql.push(" where c.account_id = ").push_bind(desk.account);
        }
        None => {
            sql.push("found as materialized (select c.number from support_conversations c where ");
            match &filter.source_id {
                Some(_) => sql.push("c.account_id = ").push_bind(desk.account),
                // The same expression as in the index of labels.
                None => sql.push("c.account_id::text = ").push_bind(desk.account.to_string()),
            };
        }
    }
    if let Some(source_id) = &filter.source_id {
        sql.push(" and c.source_id = ").push_bind(source_id);
    }
    if !filter.labels.is_empty() {
        sql.push(" and c.labels && ").push_bind(&filter.labels);
    }
    sql.push("), ");
    true
}

/// The conditions that only lists have, not counts.
pub(in crate::views) fn narrow<'a>(
    sql: &mut QueryBuilder<'a, Postgres>,
    desk: &'a Desk,
    filter: &'a Filter,
) {
    match filter.assignee {
        Assignee::All => {}
        Assignee::Me => {
            let me = desk.user.unwrap_or(domain::UserId::ASSIGNEE);
            sql.push(" and o.assignee = ").push_bind(me);
        }
        Assignee::Unassigned => {
            sql.push(format!(" and o.assignee = {UNASSIGNED}"));
        }
        Assignee::Assigned => {
            sql.push(format!(" and o.assignee <> {UNASSIGNED}"));
        }
    }
    if let Some(since) = filter.updated_since {
        sql.push(" and o.updated_at >= ").push_bind(since);
    }
}

/// Messages of the account that contain the text. It is no pattern, so its pattern characters are
/// escaped.
fn message_matches<'a>(sql: &mut QueryBuilder<'a, Postgres>, desk: &Desk, q: &'a str) {
    if is_indexed(q) {
        sql.push("support_messages where account_id::text = ");
        sql.push_bind(desk.account.to_string());
        sql.push(" and fold_support(text) like '%' || replace(replace(replace(fold_support(");
        sql.push_bind(q);
        sql.push("), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'");
    } else {
        sql.push("(select conversation, text from support_messages where account_id = ");
        sql.push_bind(desk.account);
        sql.push(format!(" order by id desc limit {LOOKED_THROUGH_MAX}) newest"));
        sql.push(" where strpos(fold_support(text), fold_support(").push_bind(q).push(")) > 0");
    }
}
