//! What the list and its counts are asked for.

use chrono::{DateTime, Utc};
use domain::conversation::support::Status;
use projections::views::support::{Assignee, Counts, Filter, Order};
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use crate::chatwoot::request::Chatwoot;
use crate::description::{parts, written};
use crate::edge::failure::Failure;

const ASSIGNEES: [(&str, Assignee); 4] = [
    ("me", Assignee::Me),
    ("unassigned", Assignee::Unassigned),
    ("assigned", Assignee::Assigned),
    ("all", Assignee::All),
];

/// And none for any.
const STATUSES: [(&str, Option<Status>); 5] = [
    ("open", Some(Status::Open)),
    ("resolved", Some(Status::Resolved)),
    ("pending", Some(Status::Pending)),
    ("snoozed", Some(Status::Snoozed)),
    ("all", None),
];

const ORDERS: [(&str, Order); 12] = [
    ("last_activity_at_desc", Order::Activity),
    ("latest", Order::Activity),
    ("last_activity_at_asc", Order::ActivityAscending),
    ("created_at_desc", Order::Created),
    ("created_at_asc", Order::CreatedAscending),
    ("sort_on_created_at", Order::CreatedAscending),
    ("priority_desc", Order::Priority),
    ("sort_on_priority", Order::Priority),
    ("priority_asc", Order::PriorityAscending),
    ("waiting_since_asc", Order::Waiting),
    ("sort_on_waiting_since", Order::Waiting),
    ("waiting_since_desc", Order::WaitingDescending),
];

/// There are no more pages in any account.
const PAGE_MAX: i64 = 1 << 40;
/// Longer ago than anything here.
const WITHIN_MAX_S: i64 = 1 << 32;

/// What [`read`] takes. A blank value counts as none.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct ListParameters {
    /// Only those of the caller, the unassigned, or the assigned; counts are not touched.
    #[param(schema_with = assignees)]
    assignee_type: Option<String>,
    /// Only those; `all` for any.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// With an incoming or outgoing message that has the text in it, ignoring case. A text without
    /// three letters or digits that stand together is looked for in the newest 50,000 messages of
    /// the account only.
    q: Option<String>,
    /// Of that inbox.
    #[param(schema_with = parts::integer)]
    inbox_id: Option<i64>,
    /// Of that team.
    #[param(schema_with = parts::integer)]
    team_id: Option<i64>,
    /// With any of them, ignoring case: `labels[]=a&labels[]=b`, `labels=a,b` or
    /// `labels=a&labels=b`.
    labels: Option<String>,
    #[param(schema_with = pages)]
    page: Option<i64>,
    /// What is not known counts as none: the latest activity first.
    #[param(schema_with = orders)]
    sort_by: Option<String>,
    /// With that source id.
    source_id: Option<String>,
    /// `unattended`: without a first reply, or waiting for one. What is not known counts as none.
    conversation_type: Option<String>,
    /// Changed within so many seconds: all of them, not a page; counts are not touched.
    #[param(schema_with = positive)]
    updated_within: Option<i64>,
}

fn assignees() -> RefOr<Schema> {
    let names = ASSIGNEES.map(|(name, _)| name);
    written(json!({ "type": "string", "enum": names, "default": "all" }))
}

fn statuses() -> RefOr<Schema> {
    let names = STATUSES.map(|(name, _)| name);
    written(json!({ "type": "string", "enum": names, "default": "open" }))
}

fn orders() -> RefOr<Schema> {
    let names = ORDERS.map(|(name, _)| name);
    written(json!({ "type": "string", "examples": names, "default": "last_activity_at_desc" }))
}

fn pages() -> RefOr<Schema> {
    parts::natural(1, 1, "Which page, of 25 conversations each")
}

fn positive() -> RefOr<Schema> {
    written(json!({ "type": "integer", "minimum": 1 }))
}

/// How many conversations there are, of every assignee and on all pages.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct ListMeta {
    mine_count: i64,
    assigned_count: i64,
    unassigned_count: i64,
    all_count: i64,
}

impl From<Counts> for ListMeta {
    fn from(counts: Counts) -> Self {
        Self {
            mine_count: counts.mine,
            assigned_count: counts.assigned,
            unassigned_count: counts.unassigned,
            all_count: counts.all,
        }
    }
}

/// The filter that a query names; none if nothing can fit it, because its inbox is none that the
/// caller sees.
pub(super) async fn read(request: &Chatwoot) -> Result<Option<Filter>, Failure> {
    let mut query = request.query();
    let now = request.context.metadata.occurred_at;
    let source_id = query.text("source_id");
    let unattended = query.text("conversation_type").as_deref() == Some("unattended");
    let order = query.text("sort_by");
    let order = ORDERS.iter().find(|(name, _)| Some(*name) == order.as_deref());
    let filter = Filter {
        assignee: query.one_of("assignee_type", &ASSIGNEES).unwrap_or_default(),
        status: query.one_of("status", &STATUSES).unwrap_or(Some(Status::Open)),
        q: query.text("q"),
        inbox: None,
        team: None,
        labels: query.list("labels").iter().map(|label| label.to_lowercase()).collect(),
        source_id,
        unattended,
        updated_since: query.positive("updated_within", WITHIN_MAX_S).map(|s| since(now, s)),
        order: order.map(|(_, order)| *order).unwrap_or_default(),
        page: query.positive("page", PAGE_MAX).unwrap_or(1) - 1,
    };
    let (inbox, team) = (query.number("inbox_id"), query.number("team_id"));
    query.check()?;
    let team = match team {
        None => None,
        Some(number) => Some(request.team(number).await?.uuid),
    };
    let inbox = match inbox {
        None => None,
        Some(number) => match request.views().inbox(request.account(), number).await? {
            Some(inbox) if request.may_see(inbox.uuid).is_ok() => Some(inbox.uuid),
            _ => return Ok(None),
        },
    };
    Ok(Some(Filter { inbox, team, ..filter }))
}

fn since(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    let earlier = now.checked_sub_signed(chrono::TimeDelta::seconds(seconds));
    earlier.unwrap_or(DateTime::UNIX_EPOCH).max(DateTime::UNIX_EPOCH)
}
