//! Lists whose filters are all in the indexes: a few ranges of one index, each in the list's order,
//! are merged.
//!
//! The ranges are branches of a `union all`, not rows of a lateral join, so that PostgreSQL merges
//! them as it reads them: a page costs the rows before it once, however many ranges there are.
//! Skipped rows are read from the index alone. The number of branches is rounded up to a power of
//! two, with branches that find nothing: so there are few different statements, each planned once.
//!
//! In lists by activity, a node also remembers where the pages that it showed began and ended: as
//! long as nothing happens in the account, these pages and their neighbours start there, and no
//! rows are skipped.

use chrono::{DateTime, Utc};
use domain::conversation::support::Status;
use domain::{AccountId, InboxId, PublicId, TeamId, UserId};
use uuid::Uuid;

use super::{Assignee, Desk, Filter, Order};

/// Ranges that are merged; where there would be more, the account is read and filtered.
const RANGES_MAX: usize = 128;
/// Items of a page.
pub(super) const PAGE: i64 = 25;
/// What stands for no assignee and no team.
pub(super) const UNASSIGNED: &str = "'00000000-0000-0000-0000-000000000000'";

/// What each range covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::views) enum Scope {
    Account(AccountId),
    Inbox,
    Team(TeamId),
    Assignee(UserId),
}

/// Where a page by activity begins: at the first conversation that is not above this pair.
pub(in crate::views) type Start = (DateTime<Utc>, PublicId);

/// The ranges of a list.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::views) struct Ranges {
    scope: Scope,
    order: Order,
    /// The id that each range covers; unused when the scope is the account.
    pub(in crate::views) of: Vec<Uuid>,
    pub(in crate::views) buckets: Vec<i16>,
    /// Filters that the scope does not cover.
    pub(in crate::views) inboxes: Option<Vec<InboxId>>,
    pub(in crate::views) team: Option<TeamId>,
}

/// The number of a status, as stored in the rows.
pub(in crate::views) fn status_number(status: Status) -> i16 {
    match status {
        Status::Open => 0,
        Status::Resolved => 1,
        Status::Pending => 2,
        Status::Snoozed => 3,
    }
}

/// The inboxes to list: those asked for, as far as the caller sees them; `None` for all.
pub(in crate::views) fn seen(desk: &Desk, filter: &Filter) -> Option<Vec<InboxId>> {
    match (filter.inbox, &desk.inboxes) {
        (None, seen) => seen.clone(),
        (Some(inbox), Some(seen)) if !seen.contains(&inbox) => Some(vec![]),
        (Some(inbox), _) => Some(vec![inbox]),
    }
}

impl Ranges {
    /// `None` if the list is not a merge of ranges, or of too many. `all` are the account's
    /// inboxes, where they are known.
    pub(in crate::views) fn new(
        desk: &Desk,
        filter: &Filter,
        all: Option<Vec<InboxId>>,
    ) -> Option<Self> {
        let inboxes = seen(desk, filter);
        let buckets = buckets(filter);
        let within = inboxes.clone().or(all);
        let (scope, of): (Scope, Vec<Uuid>) = match (filter.assignee, filter.team, within) {
            (Assignee::Me, ..) => {
                let user = desk.user?;
                (Scope::Assignee(user), vec![user.into()])
            }
            (_, Some(team), _) => (Scope::Team(team), vec![team.into()]),
            (_, _, Some(inboxes)) if inboxes.len() * buckets.len() <= RANGES_MAX => {
                (Scope::Inbox, inboxes.into_iter().map(Uuid::from).collect())
            }
            (..) if matches!(filter.order, Order::Activity | Order::ActivityAscending) => {
                (Scope::Account(desk.account), vec![Uuid::nil()])
            }
            _ => return None,
        };
        let mut ranges = Self {
            scope,
            order: filter.order,
            of: vec![],
            buckets: vec![],
            inboxes: inboxes.filter(|_| scope != Scope::Inbox),
            team: filter.team.filter(|_| !matches!(scope, Scope::Team(_))),
        };
        for one in of {
            for bucket in &buckets {
                ranges.of.push(one);
                ranges.buckets.push(*bucket);
            }
        }
        let branches = ranges.of.len().max(1).next_power_of_two();
        ranges.of.resize(branches, Uuid::nil());
        ranges.buckets.resize(branches, -1);
        Some(ranges)
    }

    /// Whether the starts of its pages are remembered.
    pub(in crate::views) fn has_start(&self) -> bool {
        self.order == Order::Activity
    }

    /// Selects the numbers on a page, in order. Parameters: account, scopes, buckets, limit,
    /// offset, then those of start (two parameters), inboxes and team that apply.
    pub(in crate::views) fn sql(&self) -> String {
        let mut conditions = match self.scope {
            Scope::Account(_) | Scope::Inbox => vec![],
            Scope::Team(_) => vec![format!("team <> {UNASSIGNED}")],
            Scope::Assignee(_) => vec![format!("assignee <> {UNASSIGNED}")],
        };
        let mut next = 6;
        if self.has_start() {
            conditions.push(format!("(last_activity_at, number) <= (${next}, ${})", next + 1));
            next += 2;
        }
        if self.inboxes.is_some() {
            conditions.push(format!("inbox = any(${next})"));
            next += 1;
        }
        if self.team.is_some() {
            conditions.push(format!("team = ${next}"));
        }
        let keys = keys(self.order);
        // A branch that is only part of the list's order is sorted before it is merged, so it is
        // limited.
        let limit = if keys.classes.len() > 1 { "limit $4 + $5" } else { "" };
        let mut branches = Vec::new();
        for range in 1..=self.of.len() {
            for (class, order) in keys.classes {
                let mut conditions = conditions.clone();
                conditions.push(match self.scope {
                    Scope::Account(_) => "account_id = $1".to_owned(),
                    Scope::Inbox => format!("inbox = ($2::uuid[])[{range}]"),
                    Scope::Team(_) => format!("team = ($2::uuid[])[{range}]"),
                    Scope::Assignee(_) => format!("assignee = ($2::uuid[])[{range}]"),
                });
                conditions.push(format!("bucket = ($3::smallint[])[{range}]"));
                conditions.push((*class).to_owned());
                branches.push(format!(
                    "(select {} from support_order where {} order by {order} {limit})",
                    keys.columns,
                    conditions.join(" and ")
                ));
            }
        }
        format!(
            "select number
             from ({}) merged
             order by {}
             limit $4 offset $5",
            branches.join(" union all "),
            keys.order
        )
    }
}

/// Status combined with whether there is an assignee, as stored in the rows.
fn buckets(filter: &Filter) -> Vec<i16> {
    let statuses = match &filter.status {
        Some(status) => std::slice::from_ref(status),
        None => Status::ALL,
    };
    let assigned: &[i16] = match filter.assignee {
        Assignee::All => &[0, 1],
        Assignee::Me | Assignee::Assigned => &[1],
        Assignee::Unassigned => &[0],
    };
    let buckets = statuses
        .iter()
        .flat_map(|status| assigned.iter().map(|assigned| status_number(*status) * 2 + assigned));
    buckets.collect()
}

/// How an order is expressed in SQL.
pub(super) struct Keys {
    /// The columns that the order needs.
    pub(super) columns: &'static str,
    pub(super) order: &'static str,
    /// The parts of a range that an index has in order: the condition of each, and its order.
    classes: &'static [(&'static str, &'static str)],
}

pub(super) fn keys(order: Order) -> Keys {
    const BY_ACTIVITY: &str = "last_activity_at desc, number desc";
    const BY_PRIORITY: &str = "priority desc, last_activity_at desc, number desc";
    const NEWEST_LAST: &str = "last_activity_at, number desc";
    let (columns, order, classes): (_, _, &[_]) = match order {
        Order::Activity => ("last_activity_at, number", BY_ACTIVITY, &[("true", BY_ACTIVITY)]),
        Order::ActivityAscending => {
            ("last_activity_at, number", NEWEST_LAST, &[("true", NEWEST_LAST)])
        }
        Order::Created => ("number", "number desc", &[("true", "number desc")]),
        Order::CreatedAscending => ("number", "number", &[("true", "number")]),
        Order::Priority => {
            ("priority, last_activity_at, number", BY_PRIORITY, &[("true", BY_PRIORITY)])
        }
        Order::PriorityAscending => (
            "(priority + 4) % 5 as priority_last, last_activity_at, number",
            "priority_last, last_activity_at desc, number desc",
            &[
                ("priority = 1", BY_ACTIVITY),
                ("priority = 2", BY_ACTIVITY),
                ("priority = 3", BY_ACTIVITY),
                ("priority = 4", BY_ACTIVITY),
                ("priority = 0", BY_ACTIVITY),
            ],
        ),
        Order::Waiting => {
            ("waiting_since, number", "waiting_since, number", &[("true", "waiting_since, number")])
        }
        Order::WaitingDescending => (
            "waiting_since = 'infinity' as waits_not, waiting_since, number",
            "waits_not, waiting_since desc, number",
            &[
                ("waiting_since < 'infinity'", "waiting_since desc, number"),
                ("waiting_since = 'infinity'", "number"),
            ],
        ),
    };
    Keys { columns, order, classes }
}
