//! Query parameters of the conversation list and its counts.

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

/// `None` stands for any status.
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

/// Far more pages than any account has.
const PAGE_MAX: i64 = 1 << 40;
/// About 136 years: longer ago than anything here.
const WITHIN_MAX_S: i64 = 1 << 32;

/// The parameters that [`read`] reads. A blank value counts as absent.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is described, and read without it")]
pub(super) struct ListParameters {
    /// Only those of the caller, the unassigned, or the assigned; the counts ignore this.
    #[param(schema_with = assignees)]
    assignee_type: Option<String>,
    /// Only those with this status; `all` for any.
    #[param(schema_with = statuses)]
    status: Option<String>,
    /// Only those with an incoming or outgoing message that contains the text, ignoring case. A
    /// text without three consecutive letters or digits is searched for only in the newest 50,000
    /// messages of the account.
    q: Option<String>,
    /// Only those of this inbox.
    #[param(schema_with = parts::integer)]
    inbox_id: Option<i64>,
    /// Only those of this team.
    #[param(schema_with = parts::integer)]
    team_id: Option<i64>,
    /// Only those with any of these labels, ignoring case: `labels[]=a&labels[]=b`, `labels=a,b` or
    /// `labels=a&labels=b`.
    labels: Option<String>,
    #[param(schema_with = pages)]
    page: Option<i64>,
    /// The order. An unknown value counts as absent: the latest activity first.
    #[param(schema_with = orders)]
    sort_by: Option<String>,
    /// Only those with this source id.
    source_id: Option<String>,
    /// `unattended`: only those without a first reply, or waiting for one. An unknown value counts
    /// as absent.
    conversation_type: Option<String>,
    /// Only those changed within so many seconds: all of them, not a page; the counts ignore this.
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

/// The number of conversations, of every assignee and on all pages.
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

/// Reads the filter from the query; `None` if it names an inbox that the caller cannot see, so that
/// nothing matches.
pub(super) async fn read(request: &Chatwoot) -> Result<Option<Filter>, Failure> {
    let mut query = request.query();
    let now = request.context.metadata.occurred_at;
    let source_id = query.text("source_id");
    let unattended = query.word("conversation_type").as_deref() == Some("unattended");
    let order = query.word("sort_by");
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
